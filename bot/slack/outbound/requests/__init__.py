"""The messages about one request, for each of its readers."""
