"""Access templates, approval chains, and the risk that decides how strong a chain must be."""
