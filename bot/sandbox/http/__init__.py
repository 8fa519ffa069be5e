"""What applies to every HTTP request: a check of its origin, injected faults, the request log."""
