"""The storage of records, the audit log and effects. All SQL is in this package."""
