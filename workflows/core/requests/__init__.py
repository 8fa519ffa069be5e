"""The lifecycle of a request: commands, states and effects, in one transition table."""
