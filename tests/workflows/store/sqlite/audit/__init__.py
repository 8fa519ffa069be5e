"""Tests of the signed audit log in a file."""
