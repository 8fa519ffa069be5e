"""Partner setup: what the partner's administrator must set in their own tenant."""
