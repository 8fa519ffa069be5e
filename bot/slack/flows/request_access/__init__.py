"""Requesting access for a partner: the form, its lookups, and the sending."""
