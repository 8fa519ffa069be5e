"""While the members of a batch are recorded: tries in vain, when it halts by itself, and how far it is. Pure."""
