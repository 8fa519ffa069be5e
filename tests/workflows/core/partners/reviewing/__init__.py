"""Answers to reviews."""
