"""Restoring previous settings: what can be restored, the plan, what it leaves out, and the chain that decides."""
