"""Entries of Entra's audit log."""
