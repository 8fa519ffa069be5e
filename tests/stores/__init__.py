"""Which store the bots of the stories have, and what a story does with it beside its bot."""
