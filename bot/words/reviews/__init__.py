"""What a review says in words: the evidence, why it was started, who answers it, and what silence leads to."""
