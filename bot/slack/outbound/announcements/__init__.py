"""Messages that tell many people of one event: the end of an access, and a freeze."""
