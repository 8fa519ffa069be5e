"""The names of partners, of directory objects and of commands in sentences."""
