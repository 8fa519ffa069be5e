"""The times of an undecided request: its reminders, its escalation, its expiry, and when its clock stops."""
