"""Checks of a plan: rules, what was read in the home tenant, Conditional Access, and what approvers have to know."""
