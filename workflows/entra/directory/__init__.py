"""People and objects of our own tenant: managers of accounts, owners of groups, and the search by name."""
