"""Requesting access for a partner: the form, its lookups, the filing."""
