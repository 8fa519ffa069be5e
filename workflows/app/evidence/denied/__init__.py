"""Tell the admins of sign-ins that our settings deny to people of tenants without an entry."""
