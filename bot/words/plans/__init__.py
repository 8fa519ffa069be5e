"""Sentences about plans: what they change, a partner's current settings, and what somebody else changed."""
