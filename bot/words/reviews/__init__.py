"""What a review says in words: the evidence, why it was started, and what silence leads to."""
