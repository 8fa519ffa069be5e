"""Batches: drafts from the command line, their confirmation by a person, and the commands that change them."""
