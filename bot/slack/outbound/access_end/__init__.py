"""Messages about the end of an access: notices before it, questions at it, and the result of a block."""
