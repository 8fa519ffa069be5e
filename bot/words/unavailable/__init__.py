"""Words for what does not answer, is refused, or could not be read: Entra, the records, single settings."""
