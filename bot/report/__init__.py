"""The audit report and the catalogue of partners as files: CSV, JSON and one HTML page."""
