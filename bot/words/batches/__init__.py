"""The words about batches: their state and rows, and the terms of their members."""
