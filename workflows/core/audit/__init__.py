"""The audit log as a chain: what is signed of each entry, how the chain is verified, and its head in a short text."""
