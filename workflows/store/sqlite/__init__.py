"""The embedded store: one SQLite file and the process that works on it."""
