"""Sign-ins that our own settings deny to people of tenants without an entry: counted, and told to the admins once."""
