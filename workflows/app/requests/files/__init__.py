"""Requests that stand in files: parse them, and make the plan of one."""
