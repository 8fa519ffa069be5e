"""Sheets of partners in files: CSV, Excel workbooks, JSON and TOML, read strictly and with limits."""
