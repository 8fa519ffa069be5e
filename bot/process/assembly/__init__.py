"""Connect the domain with other systems: every flow and every effect gets what it needs, and no more."""
