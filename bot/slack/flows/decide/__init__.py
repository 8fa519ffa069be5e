"""Decide on a request: its details, Approve, Reject with a reason; ask, answer and comment."""
