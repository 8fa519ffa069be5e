"""Tests of the held start."""
