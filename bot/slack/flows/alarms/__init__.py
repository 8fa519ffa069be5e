"""What admins answer to alarms: stopped work, and drift."""
