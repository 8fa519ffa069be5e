"""Why people cannot take part, for themselves and for whoever named them; absences and reassignments."""
