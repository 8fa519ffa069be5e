"""Reviews as time passes: the questions that are due, and what follows when nobody answers."""
