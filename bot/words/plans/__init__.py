"""Sentences about plans: what they change, what stands for a partner now, and what somebody else changed."""
