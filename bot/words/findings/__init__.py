"""The words for findings: one module for each kind of check."""
