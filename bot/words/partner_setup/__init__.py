"""The sentences about partner setup: the checklist for the partner's administrator, and the state of its steps."""
