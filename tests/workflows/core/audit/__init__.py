"""Tests of the chain of the audit log."""
