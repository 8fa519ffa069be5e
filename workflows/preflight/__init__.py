"""Preflight: reads in our tenant before people decide on a request. They show what the change would mean there."""
