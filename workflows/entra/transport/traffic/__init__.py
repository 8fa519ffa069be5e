"""When requests may be sent: rate limits, what goes first, repeats, and a service that does not answer."""
