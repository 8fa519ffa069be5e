"""Sections of the approval card and of Details that several messages share."""
