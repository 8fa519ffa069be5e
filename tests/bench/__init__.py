"""Ratios, not seconds: how cost grows with size."""
