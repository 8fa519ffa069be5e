"""What is stored with a command: the ids that are derived from its key, and its audit entry."""
