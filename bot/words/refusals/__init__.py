"""Sentences for what is refused to a person: what is not possible, why, and what to do next."""
