"""Tests of the end of an access."""
