"""The names of partners and of directory objects in sentences."""
