"""Words for requests: their states, notes, messages to people, and history."""
