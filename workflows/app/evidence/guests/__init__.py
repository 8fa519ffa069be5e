"""The guests of one partner: who may see them, and how they are read."""
