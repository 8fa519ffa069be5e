"""Sentences about Conditional Access: which policy affects whom, and what changes that."""
