"""The answer Keep."""
