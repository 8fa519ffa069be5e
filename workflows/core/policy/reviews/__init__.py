"""The rules of reviews: attestations, silence and sponsors."""
