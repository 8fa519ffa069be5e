"""The changes of a request, one function for each command. `lifecycle.py` has the table that allows them."""
