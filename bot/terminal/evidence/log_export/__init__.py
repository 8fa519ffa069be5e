"""`gatehouse audit export`: the entries of the audit log for a SIEM, each with its place in the chain."""
