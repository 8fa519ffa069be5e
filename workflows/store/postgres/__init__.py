"""The store in PostgreSQL, for an installation that needs more than one machine. It needs the extra `postgres`."""
