"""A partnership: a partner that Gatehouse opened or closed, and when it is reviewed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.partner_setup.state import Confirmation
from workflows.core.partner_setup.steps import SetupStep
from workflows.core.people import Person
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.template import Stage
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.openness import OpenAccess


class PartnershipState(StrEnum):
    """The state of a partnership. The values are stored."""

    ACTIVE = "active"
    REVIEW_DUE = "review_due"
    """The sponsor was asked whether the access is still needed, and nobody has answered yet."""
    REVOKED = "revoked"
    """Explicitly blocked and read back. `not_closed` lists what was still open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """The statement of somebody why the access is still needed."""

    person: Person
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Partnership:
    """The record of one partner tenant. `version` increases with every stored change; an outdated write is refused."""

    identity: TenantIdentity
    version: int
    state: PartnershipState
    sponsor: Person
    template: str
    template_title: str
    request_id: RequestId
    """The request whose plan is now applied in the tenant."""
    since: datetime
    """When that plan was confirmed by reading it back."""
    ends_at: datetime | None
    """The end of the approved access; None once revoked."""
    review_interval: timedelta | None
    next_review_at: datetime | None
    """When the sponsor is asked (again); None once revoked."""
    reminders: int = 0
    """How often the sponsor was asked in the present review."""
    attestations: tuple[Attestation, ...] = ()
    stages: tuple[Stage, ...] = ()
    """The approval policy of the partner. Only a confirmed block resets it. Empty in old records."""
    sponsor_gone_at: datetime | None = None
    """When it was found that the sponsor has no enabled account; None while there is one."""
    setup: tuple[SetupStep, ...] = ()
    """What the partner must do on its side for the plan that is now applied in the tenant."""
    confirmations: tuple[Confirmation, ...] = ()
    """Who confirmed which of these steps."""
    remind_setup_at: datetime | None = None
    """When the sponsor is reminded of the partner setup, if somebody asked for that."""
    setup_reminders: int = 0
    """How many reminders were sent."""
    setup_reminder_asked_by: Person | None = None
    """Who asked for the reminder that is set, or for the last one."""
    setup_reminder_asked_at: datetime | None = None
    """When somebody asked for that reminder."""
    not_closed: tuple[OpenAccess, ...] | None = None
    """For a revoked partner: what the read-back did not show as certainly closed; None when that was not checked."""

    @property
    def due_at(self) -> datetime | None:
        """Return when the next review or the next reminder of the partner setup is due."""
        return min((moment for moment in (self.next_review_at, self.remind_setup_at) if moment), default=None)

    def is_past_its_end(self, now: datetime) -> bool:
        """Return whether the approved access period has ended."""
        return self.ends_at is not None and now >= self.ends_at


_WRITTEN: Final = (RequestState.APPLIED, RequestState.OVERWRITTEN)


def opened_at(partnership: Partnership, requests: Iterable[AccessRequest]) -> datetime:
    """Return when the access that is in force was first opened, before every extension and change since.

    :param requests: those about this partner, in any order. Only what was read back after the last block counts.
    """
    read_back = [one for one in requests if one.state is RequestState.APPLIED and one.confirmed_at is not None]
    ended = [one.confirmed_at for one in read_back if one.particulars.kind is RequestKind.REVOCATION]
    last_end = max((moment for moment in ended if moment), default=None)
    openings = [
        one.confirmed_at
        for one in read_back
        if one.particulars.kind is not RequestKind.REVOCATION
        and one.confirmed_at
        and (last_end is None or one.confirmed_at > last_end)
    ]
    return min([*openings, partnership.since])


def is_over(request: AccessRequest, record: Partnership | None, now: datetime) -> bool:
    """Return whether an access request is closed and nothing of it is active, so that it can be requested again.

    :param record: the record of its partner, if there is one.
    """
    if request.particulars.kind is not RequestKind.ACCESS or not request.is_terminal:
        return False
    if request.state not in _WRITTEN:
        return True
    if record is None or record.request_id != request.id:
        return record is not None  # replaced or revoked later
    return record.state is not PartnershipState.REVOKED and record.is_past_its_end(now)
