"""Absences, delegates and reassignments."""
