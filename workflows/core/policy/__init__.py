"""Access templates, the approval policy and the risk that asks for it."""
