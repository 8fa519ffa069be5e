"""Sentences for the domain's codes and values, for every surface: one module for each subject."""
