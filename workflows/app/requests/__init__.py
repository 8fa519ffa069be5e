"""Filing a request: the form, a restore, a written file, and the checks before it."""
