"""Guest accounts in Graph, with an application of their own: read again, directory roles, disable and enable."""
