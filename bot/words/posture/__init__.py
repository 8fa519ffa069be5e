"""Sentences about a tenant's posture: its concerns, and the words of its table."""
