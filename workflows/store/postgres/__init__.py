"""The store in PostgreSQL, which several processes may use at the same time."""
