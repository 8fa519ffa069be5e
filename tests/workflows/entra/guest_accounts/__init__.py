"""Guest accounts in Graph, over real sockets."""
