"""Moving all records from SQLite to PostgreSQL."""
