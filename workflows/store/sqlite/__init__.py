"""The embedded store: one SQLite file, used by one process."""
