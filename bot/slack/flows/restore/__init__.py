"""Asking to put a change back: the form, what it would change, the filing."""
