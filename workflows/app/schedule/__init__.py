"""What time asks for: reminders, ends, watching over roles, sponsors and writes."""
