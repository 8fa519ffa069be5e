"""A partnership: a partner that Gatehouse opened or closed, and when it is looked at again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from workflows.core.people import Person
from workflows.core.plan import TenantIdentity
from workflows.core.request import RequestId


class PartnershipState(StrEnum):
    """Where a partnership stands; the values are what is stored."""

    ACTIVE = "active"
    REVIEW_DUE = "review_due"
    """Asked whether the access is still needed; nobody has answered yet."""
    REVOKED = "revoked"
    """Explicitly blocked, and read back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """Somebody said why the access is still needed."""

    person: Person
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Partnership:
    """The record of one partner tenant. `version` grows with every stored change; a stale writer loses."""

    identity: TenantIdentity
    version: int
    state: PartnershipState
    sponsor: Person
    template: str
    template_title: str
    request_id: RequestId
    """The request whose plan stands in the tenant now."""
    since: datetime
    """When that plan was confirmed by reading it back."""
    ends_at: datetime | None
    """Until when the access was approved; None once revoked."""
    review_interval: timedelta | None
    next_review_at: datetime | None
    """When the sponsor is asked (again); None once revoked."""
    reminders: int = 0
    """How often the present review was asked."""
    attestations: tuple[Attestation, ...] = ()

    def is_past_its_end(self, now: datetime) -> bool:
        """Tell whether the approved duration is over."""
        return self.ends_at is not None and now >= self.ends_at
