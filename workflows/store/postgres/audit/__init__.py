"""The audit log in PostgreSQL: signed entries, the records that they name, and the people in them."""
