"""Tests of denied sign-ins."""
