"""`gatehouse audit report` and `gatehouse export`: take evidence out of the records. Each is recorded first."""
