"""Logs without secrets, with a limit for lines of one kind."""
