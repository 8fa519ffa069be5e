"""Sentences for the domain's codes and values, for every surface: one module for each subject."""

from bot.words import risk
from bot.words.findings import finding

__all__ = ["finding", "risk"]
"""They give the domain the words for refusals that are still one text."""
