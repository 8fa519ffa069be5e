"""Partner setup: what the partner's administrator has to set in its own tenant."""
