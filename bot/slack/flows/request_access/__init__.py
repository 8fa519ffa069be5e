"""Asking for a partner: the form, what it looks up, the filing."""
