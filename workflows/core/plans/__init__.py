"""Plans: the exact operations that are approved, their effect on access, and drift from them."""
