"""Adopt current settings: what can be adopted, the template that equals it, its plan, its authors, and who decides."""
