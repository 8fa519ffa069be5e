"""The process: settings, composition, start and end."""
