"""What admins answer to alarms: stopped work, drift, and a freeze."""
