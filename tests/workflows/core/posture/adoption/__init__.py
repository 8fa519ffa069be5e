"""Tests of the rules for adopting current settings."""
