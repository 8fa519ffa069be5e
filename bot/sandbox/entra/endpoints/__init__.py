"""What Graph answers at each path: the table of endpoints and the modules that answer them."""
