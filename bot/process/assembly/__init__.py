"""Ties the domain to its neighbours: every flow and every effect is given what it needs, and no more."""
