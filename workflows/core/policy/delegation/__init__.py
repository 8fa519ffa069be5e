"""Who is asked in place of somebody else: absences with a delegate, and reassignments by an admin."""
