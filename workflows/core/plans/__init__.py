"""Plans: the exact operations that are approved, their effect, and how a partner differs from them."""
