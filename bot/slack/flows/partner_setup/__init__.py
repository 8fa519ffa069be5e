"""The partner setup: the checklist, the confirmation of its steps, reminders."""
