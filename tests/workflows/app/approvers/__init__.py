"""Tests of who holds a stage."""
