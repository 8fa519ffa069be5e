"""The result of one check of `gatehouse doctor`. Every module with checks returns these."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check. `advice` says what to do; it is empty when there is no problem."""

    subject: str
    state: str
    advice: str = ""
    is_optional: bool = False
    """Whether the bot also works without it. Its cards then show what could not be checked."""
