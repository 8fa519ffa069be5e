"""What the permission check does for some kinds of clicks, once the person is known."""
