"""Requesting to adopt what stands in the tenant: the form with the current settings, and the sending."""
