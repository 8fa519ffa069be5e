"""Requests that begin with a list: the current settings of a partner, a draft of many, and a file of partners."""
