"""A request's lifecycle: commands, states and effects, in one transition table."""
