"""Filing a request: the form, a restore, a written file, and what speaks against it."""
