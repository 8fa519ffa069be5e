"""What stops everything that opens access: a freeze, records that may be old, permissions that are not needed."""
