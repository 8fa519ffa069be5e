"""Create the flows and the effects, each with the connections that it needs."""
