"""Checks of a plan: rules, facts read in the home tenant, Conditional Access, and what approvers must know."""
