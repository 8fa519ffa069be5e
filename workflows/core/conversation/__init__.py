"""What people ask, answer and comment about a request: recorded with it. Nobody's right to decide depends on it."""
