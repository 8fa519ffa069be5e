"""The whole process with its records in a real PostgreSQL."""
