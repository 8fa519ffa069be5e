"""Handing over the sponsorship of a partner: the window that proposes a person, and the answer of that person."""
