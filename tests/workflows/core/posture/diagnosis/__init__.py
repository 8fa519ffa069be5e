"""Diagnoses: each step, and the first cause."""
