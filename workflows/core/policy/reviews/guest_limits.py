"""From when on a guest account is a finding of a review. A template sets it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestLimits:
    """How long a guest may not sign in, and how long an invitation may stay open."""

    unused_after: timedelta = timedelta(days=90)
    invited_before: timedelta = timedelta(days=30)


USUAL_LIMITS: Final = GuestLimits()
"""The limits where no template sets any."""
