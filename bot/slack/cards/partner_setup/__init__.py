"""The cards and parts about what the partner has to set on its side."""
