"""Tests of adopting what stands in the tenant."""
