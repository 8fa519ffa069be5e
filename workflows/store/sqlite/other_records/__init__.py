"""Records besides requests and partners in the embedded store: drift, and batches."""
