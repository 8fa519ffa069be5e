"""Databases that cannot be used: away, full, read-only, guarded, of others."""
