"""Read-only data that people are shown."""
