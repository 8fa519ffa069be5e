"""`gatehouse plan`: what a request in a file would change."""
