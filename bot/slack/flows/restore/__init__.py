"""Requesting a restoration of previous settings: the form, its effect, and the sending."""
