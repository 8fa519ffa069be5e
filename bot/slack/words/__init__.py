"""Texts for codes and values, one module for each subject."""
