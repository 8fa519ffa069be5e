"""Where records, the audit log and effects are kept: the only SQL."""
