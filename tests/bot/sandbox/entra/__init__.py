"""Tests of the stand-in Entra tenant."""
