"""Which properties a Graph body may carry, of which types, and what they may target."""
