"""The directory: users, groups, service principals, invitations, deleted items."""
