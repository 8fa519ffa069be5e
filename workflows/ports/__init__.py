"""The interfaces to other systems: one Protocol for each."""
