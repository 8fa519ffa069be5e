"""Sentences for what is refused to a person: the result, the reason, and what to do next."""
