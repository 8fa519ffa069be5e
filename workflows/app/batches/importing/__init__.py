"""Sheets of partners: judge each row as a request would be, and compare a sheet with the tenant."""
