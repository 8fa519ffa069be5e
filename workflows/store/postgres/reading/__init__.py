"""Read requests, partners, alarms and the audit log from PostgreSQL."""
