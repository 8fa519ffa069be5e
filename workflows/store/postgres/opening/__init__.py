"""Connect to PostgreSQL, say in one line why that fails, and bring its tables to this version."""
