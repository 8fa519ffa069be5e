"""Diagnoses: what is read, who may ask, and an oracle."""
