"""Tests of batches: one decision about several requests."""
