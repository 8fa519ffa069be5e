"""Sentences about a tenant's posture: its concerns, and what a table says of a partner."""
