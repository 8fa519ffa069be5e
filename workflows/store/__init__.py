"""Storage of records, the audit log and effects. All SQL is here."""
