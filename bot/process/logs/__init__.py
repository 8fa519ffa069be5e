"""Logs without secrets, and no more of one kind than somebody can read."""
