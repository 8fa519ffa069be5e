"""Read requests, partners, alarms, the audit log and what scans found, in PostgreSQL; replace what scans found."""
