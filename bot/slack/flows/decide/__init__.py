"""Decide on a request: its details, Approve, and Reject with a reason."""
