"""Files of the sandbox: JSON tables in an append-only file, and one JSON document per file."""
