"""The end of an approved access: its notices, and when it may block the partner."""
