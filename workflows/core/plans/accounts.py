"""The accounts of our tenant that a plan disables or enables, and what came of each. Pure.

Only `accountEnabled` is ever written, and only of guests. An account stays, with its groups and its licences.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from workflows.core.errors.facts import Fact
from workflows.core.people import PersonId
from workflows.core.plans.plan import CallIds


class AccountChange(StrEnum):
    """What is done with accounts. The values are stored."""

    DISABLE = "disable"
    ENABLE = "enable"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """One account as it was read: what decides whether it may be written. Texts are as Graph returns them."""

    id: PersonId
    name: str
    mail: str
    principal_name: str
    user_type: str
    """`guest` or `member`, lower case; empty when Graph named none."""
    is_enabled: bool
    is_synchronized: bool
    """Whether our own servers own the account. A change in Entra would be overwritten."""
    created_at: datetime | None = None


class AccountOutcome(StrEnum):
    """What came of one write. The values are stored."""

    ACCEPTED = "accepted"
    """Graph accepted it; it is done when it was read back."""
    GONE = "gone"
    """There is no such account any more."""
    REFUSED = "refused"
    """Graph refused it for good."""
    LATER = "later"
    """Nothing was written: Graph asked to wait."""
    UNKNOWN = "unknown"
    """It is not known whether it was written. It is read before it is written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountWritten:
    """The answer to one write of a group of writes."""

    id: PersonId
    outcome: AccountOutcome
    at: datetime
    """When the answer came."""
    reason: tuple[Fact, ...] = ()
    """Why, unless it was accepted."""
    retry_after_seconds: float | None = None
    """How long Graph asked to wait, for `LATER`; None when it named no time."""
    ids: CallIds = field(default_factory=CallIds)
