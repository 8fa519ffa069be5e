"""Writes that Graph may refuse, and what its refusal of a write means."""
