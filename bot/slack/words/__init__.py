"""Codes and values in words, one module a subject."""
