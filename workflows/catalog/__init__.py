"""The organization's access templates and roles, and requests written in files."""
