"""The properties that a Graph body may contain, their types, and the targets that a setting may have."""
