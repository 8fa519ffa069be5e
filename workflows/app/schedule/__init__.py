"""Scheduled work: reminders, ends of access, and checks of roles, sponsors and writes."""
