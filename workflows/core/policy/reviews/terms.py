"""What counts in a review for how long: what a sponsor attests about a partner, and guests who do not sign in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

USUAL_ATTESTATION: Final = timedelta(days=180)
"""How long an attestation counts for a partner whose template was removed: as in the shipped templates."""


class AttestedText(StrEnum):
    """Which sentence was attested. The values are stored. A sentence with another meaning gets a new code."""

    EVERYBODY_USES_MFA = "everybody_uses_mfa"
    """The partner requires multifactor authentication of everybody who signs in to our tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaAttestation:
    """What a person attested about the partner's MFA. The person and the time are those of the answer."""

    text: AttestedText
    until: datetime
    """It does not count from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestLimits:
    """How long a guest may not sign in, and how long an invitation may stay open."""

    unused_after: timedelta = timedelta(days=90)
    invited_before: timedelta = timedelta(days=30)


USUAL_LIMITS: Final = GuestLimits()
"""The limits where no template sets any."""
