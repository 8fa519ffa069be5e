"""Read facts in our tenant before people decide on a request."""
