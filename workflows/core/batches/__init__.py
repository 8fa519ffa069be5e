"""Batches: several requests that one decision decides. Its record, its lifecycle, and who decides on it."""
