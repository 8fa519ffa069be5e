"""Who is asked in place of somebody else: absences, and reassigning an approval."""
