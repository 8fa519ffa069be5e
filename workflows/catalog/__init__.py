"""The access templates and roles that an organization configured, and requests written in files."""
