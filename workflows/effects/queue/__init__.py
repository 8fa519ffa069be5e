"""How stored effects are performed: the places of each kind of work, the order, one attempt and what comes of it."""
