"""Diagnoses: who may ask why somebody cannot get in, and what is read in the tenant to answer."""
