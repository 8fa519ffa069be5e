"""Reads in the home tenant before people decide."""
