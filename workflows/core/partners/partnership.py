"""A partnership: a partner that Gatehouse opened or closed, and when it is looked at again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from workflows.core.partner_setup.state import Confirmation
from workflows.core.partner_setup.steps import Step
from workflows.core.people import Person
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.template import Stage
from workflows.core.requests.request import RequestId
from workflows.core.settings.openness import OpenWay


class PartnershipState(StrEnum):
    """Where a partnership stands; the values are what is stored."""

    ACTIVE = "active"
    REVIEW_DUE = "review_due"
    """Asked whether the access is still needed; nobody has answered yet."""
    REVOKED = "revoked"
    """Explicitly blocked, and read back; `not_closed` says what was open all the same."""


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
    stages: tuple[Stage, ...] = ()
    """The approval policy under which it stands; only a confirmed block resets it. Empty in old records."""
    sponsor_gone_at: datetime | None = None
    """When the sponsor was found without an enabled account; None while there is one."""
    setup: tuple[Step, ...] = ()
    """What the partner has to do on its side for the plan that stands in the tenant now."""
    confirmations: tuple[Confirmation, ...] = ()
    """Who vouched for which of these steps."""
    remind_setup_at: datetime | None = None
    """When the sponsor is reminded of the partner's half, if that was asked for."""
    setup_reminders: int = 0
    """How often that was done."""
    setup_reminder_asked_by: Person | None = None
    """Who asked for the reminder that is set, or that came last."""
    setup_reminder_asked_at: datetime | None = None
    """When that was asked for."""
    not_closed: tuple[OpenWay, ...] | None = None
    """Of a revoked one: what was not closed for certain when it was read back; None where that was not judged."""

    @property
    def due_at(self) -> datetime | None:
        """When time next has something to do here: a review, or a reminder of the partner's half."""
        return min((moment for moment in (self.next_review_at, self.remind_setup_at) if moment), default=None)

    def is_past_its_end(self, now: datetime) -> bool:
        """Return whether the approved duration is over."""
        return self.ends_at is not None and now >= self.ends_at
