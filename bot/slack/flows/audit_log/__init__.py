"""What auditors do: search all requests, and read one with its whole history. Nothing here changes a record."""
