"""Tests of the pure core: data in, data out, no fixture."""
