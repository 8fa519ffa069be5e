"""Move all records from a file of SQLite to a database in PostgreSQL, and compare both row by row."""
