"""The answers of Graph: the table of endpoints, and their handlers."""
