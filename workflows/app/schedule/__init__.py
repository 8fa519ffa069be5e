"""Scheduled work: reminders, ends of access, checks of roles, sponsors and writes."""
