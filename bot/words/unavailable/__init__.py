"""The words for what does not answer, refuses, or could not be read: Entra, the records, and single settings."""
