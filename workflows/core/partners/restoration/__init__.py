"""Restore previous settings: what can be restored, the plan, what is not restored, and who must approve."""
