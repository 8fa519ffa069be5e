"""The record of a partner that Gatehouse opened or closed, with its reviews.

It is long because each field of a record says what it means, and since which version it may be empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Final

from workflows.core.checks.partner_setup.confirmations import Confirmation
from workflows.core.checks.partner_setup.steps import SetupStep
from workflows.core.partners.access_end.notices import AT_THE_END, EndNotice, next_notice_at
from workflows.core.people import Person
from workflows.core.plans.plan import AtEnd, OnSilence, TenantIdentity
from workflows.core.plans.renewal import is_extension
from workflows.core.policy.approval import Choice
from workflows.core.policy.reviews.access_test import AccessTest
from workflows.core.policy.reviews.silence import (
    ADMINS_ASKED_FROM,
    LAST_CALL,
    ReviewReminder,
    asked_managers,
    consequence_at,
    consequence_without_record_at,
    suspended_not_before,
)
from workflows.core.policy.reviews.sponsorship import FormerSponsor, Handover
from workflows.core.policy.reviews.terms import MfaAttestation
from workflows.core.policy.template import Stage
from workflows.core.requests.commands.review_event import ReviewReason
from workflows.core.requests.deciding import access_ends_at
from workflows.core.requests.request import AccessRequest, Closing, RequestId, RequestKind, RequestState
from workflows.core.requests.transitions.writes import closes
from workflows.core.settings.model import TenantId
from workflows.core.settings.open_access import OpenAccess


class PartnershipState(StrEnum):
    """The state of a partnership. The values are stored."""

    ACTIVE = "active"
    REVIEW_DUE = "review_due"
    """The sponsor was asked whether the access is still needed, and nobody has answered yet."""
    REVOKED = "revoked"
    """Explicitly blocked and read back. `not_closed` lists what was still open."""
    SUSPENDED = "suspended"
    """Blocked and read back as well, and meant to be lifted: the terms of the approved access stay in the record."""


CLOSED_STATES: Final = frozenset({PartnershipState.REVOKED, PartnershipState.SUSPENDED})
"""The states in which the partner is blocked. Nobody is asked or reminded then."""


class ClosedAs(StrEnum):
    """How a blocked partner was closed."""

    REVOKED = "revoked"
    SUSPENDED = "suspended"
    BLOCKED = "blocked"
    """An approved request whose template blocks everything; the state of its record is `REVOKED`."""


class SettingsBasis(StrEnum):
    """Whether the recorded settings were approved as they are. The values are stored."""

    APPROVED = "approved"
    PARTLY_APPLIED = "partly_applied"
    """Only a part of an approved change was read back. Nobody approved this part alone."""
    PARTLY_REDUCED = "partly_reduced"
    """Only a part of a reduction was read back. There is no more access than was approved before."""
    OVERWRITTEN = "overwritten"
    """Somebody else changed the partner while an approved change was sent. Nobody approved the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """An answer to a review: a person stated why the access is still needed."""

    person: Person
    reason: str
    at: datetime
    mfa: MfaAttestation | None = None
    """What the person attested about the partner's MFA; None when that was not asked."""
    reduced_by: RequestId | None = None
    """The request that reduced the access, when that was the answer; None when the access was kept as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """What a suspended partner had before, so that the suspension can be lifted."""

    at: datetime
    """When the first block was confirmed. A later one, also without a lift between them, does not change it."""
    request_id: RequestId | None
    """The request whose settings were in force; None when Gatehouse had no record of the partner."""
    basis: SettingsBasis = SettingsBasis.APPROVED
    """Whether those settings were approved as they were."""


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
    """When that plan was confirmed by reading it back; if it was not, when the present settings were found."""
    ends_at: datetime | None
    """The end of the approved access; None once revoked."""
    review_interval: timedelta | None
    next_review_at: datetime | None
    """When the next review question is sent to the sponsor; None once revoked."""
    reminders: int = 0
    """How often people were asked in the open review."""
    review_reasons: tuple[ReviewReason, ...] = ()
    """Why the open review is due. Empty when none is open, and for one that an earlier version asked about."""
    review_events: tuple[str, ...] = ()
    """The events that were a reason of a review, so that none of them is a reason twice."""
    regular_review_at: datetime | None = None
    """When the review would be due by the calendar, while an event has started it earlier."""
    review_ended_by: ReviewReason | None = None
    """The reason whose end also ended the last review, so that nobody had to answer it; None when somebody had to."""
    ended_reviews: int = 0
    """How many reviews of this access ended with their reason, without an answer."""
    attestations: tuple[Attestation, ...] = ()
    stages: tuple[Stage, ...] = ()
    """The approval policy of the partner. Only a confirmed block resets it. Empty in old records."""
    sponsor_gone_at: datetime | None = None
    """When it was found that the sponsor has no enabled account; None while the sponsor has one."""
    sponsor_manager: str = ""
    """The name of that sponsor's manager in Entra, who can be asked; empty when there is none, or it is not known."""
    setup: tuple[SetupStep, ...] = ()
    """The steps that the partner must do for the plan that is now applied."""
    confirmations: tuple[Confirmation, ...] = ()
    """The confirmations of these steps."""
    remind_setup_at: datetime | None = None
    """When the reminder of the partner setup is due; None when nobody asked for one."""
    setup_reminders: int = 0
    """How many reminders of the partner setup were sent."""
    setup_reminder_asked_by: Person | None = None
    """Who asked for the next reminder, or for the last one when none is set."""
    setup_reminder_asked_at: datetime | None = None
    """When somebody asked for that reminder."""
    setup_prompt_at: datetime | None = None
    """When the next reminder of the partner setup is due that nobody asked for; None when none is."""
    setup_prompts: int = 0
    """How many such reminders were sent since a step is open."""
    not_closed: tuple[OpenAccess, ...] | None = None
    """For a blocked partner: the access that is not certainly closed; None when that was not checked."""
    restored_from: RequestId | None = None
    """The request that a restoration undid, when the present settings are restored ones.

    None in records of earlier versions. Their `template_title` is then a sentence.
    """
    is_adopted: bool = False
    """Whether the present settings were adopted. `template` is then the template that gives exactly them, or empty."""
    basis: SettingsBasis = SettingsBasis.APPROVED
    """Whether somebody approved the settings as they were read back."""
    not_applied: tuple[str, ...] = ()
    """Graph's names of the approved settings that were not read back; empty when a plan is complete."""
    at_end: AtEnd = AtEnd.ASK
    """What happens at the end of the access, from the approved plan. Records of earlier versions ask."""
    end_notices: tuple[EndNotice, ...] = ()
    """The notices about the end of the access, the newest last."""
    blocked_by: RequestId | None = None
    """The revocation that Gatehouse created at the end of the access; None before the end."""
    former_sponsors: tuple[FormerSponsor, ...] = ()
    """Who was the sponsor in the last 90 days, and until when. They do not decide on requests about the partner."""
    handover: Handover | None = None
    """The last hand-over of the sponsorship, with its result; None when there was none."""
    suspension: Suspension | None = None
    """What a suspended partner had before; None in every other state."""
    on_silence: OnSilence = OnSilence.ESCALATE
    """What happens when nobody answers a review, from the approved plan. Records of earlier versions escalate."""
    left_out: tuple[str, ...] = ()
    """The parts of the template that were not asked for, by their codes, see `policy.left_out`."""
    review_reminders: tuple[ReviewReminder, ...] = ()
    """The reminders of the open review, the newest last. A partner that was suspended for silence keeps them."""
    asked_since: datetime | None = None
    """When the first question of the open review was issued, whoever was the sponsor then; None when none was."""
    not_attested_after: RequestId | None = None
    """The reduction that did not answer the open review, because no attestation of MFA counts; None without one."""
    suspended_by: RequestId | None = None
    """The request with which Gatehouse suspends the partner because nobody answers; None when there is none."""
    access_test: AccessTest | None = None
    """Whether the present settings work, as people said; None when nobody is asked about them."""

    @property
    def is_closed(self) -> bool:
        """Return whether the partner is blocked: revoked or suspended."""
        return self.state in CLOSED_STATES

    @property
    def closed_as(self) -> ClosedAs | None:
        """Return how the partner was closed; None when it is not. A revocation is recorded under its own name."""
        if self.state is PartnershipState.SUSPENDED:
            return ClosedAs.SUSPENDED
        if self.state is not PartnershipState.REVOKED:
            return None
        return ClosedAs.REVOKED if self.template in frozenset(Closing) else ClosedAs.BLOCKED

    @property
    def is_as_approved(self) -> bool:
        """Return whether there is no more access than was approved. Otherwise a review is due, and nobody can keep it.

        The end of the access is then the moment when that was found.
        """
        return self.basis in (SettingsBasis.APPROVED, SettingsBasis.PARTLY_REDUCED)

    @property
    def asked_managers(self) -> tuple[Person, ...]:
        """Return the managers of the sponsor who were asked in the open review, and may answer it; see `silence`."""
        is_due = self.state is PartnershipState.REVIEW_DUE
        return asked_managers(self.review_reminders, self.sponsor.id) if is_due else ()

    @property
    def due_at(self) -> datetime | None:
        """Return when the next review, reminder, question, or step of an end or of a hand-over is due."""
        handover_step_at = None if self.handover is None else self.handover.next_step_at
        setup_moments = (self.remind_setup_at, self.setup_prompt_due_at)
        moments = (self.review_due_at, *setup_moments, self.end_step_at, handover_step_at, self.access_test_due_at)
        return min((moment for moment in moments if moment), default=None)

    @property
    def setup_prompt_due_at(self) -> datetime | None:
        """Return when the sponsor is reminded of open steps; None when the access is closed, or has ended, by then."""
        prompt_at = None if self.is_closed else self.setup_prompt_at
        return None if prompt_at and self.ends_at and prompt_at >= self.ends_at else prompt_at

    @property
    def access_test_due_at(self) -> datetime | None:
        """Return when it is asked whether the access works; None when it is closed or has ended by then, or is not as
        approved.
        """
        due_at = None if self.access_test is None else self.access_test.due_at
        if due_at is None or self.is_closed or not self.is_as_approved:
            return None
        return None if self.ends_at is not None and due_at >= self.ends_at else due_at

    @property
    def review_due_at(self) -> datetime | None:
        """Return when the next review is due; None when the access is blocked then, or is being suspended."""
        review_at = None if self.is_closed or self.suspended_by is not None else self.next_review_at
        if self.at_end is AtEnd.BLOCK and review_at and self.ends_at and review_at >= self.ends_at:
            return None
        return review_at

    @property
    def silence_ends_at(self) -> datetime | None:
        """Return when nobody's answer has a consequence, as far as it is known; None while no review waits."""
        if self.state is not PartnershipState.REVIEW_DUE:
            return None
        looked_at = consequence_at(self.review_reminders, self.next_review_at)
        not_before = suspended_not_before(self.review_reminders, self.next_review_at)
        return max((one for one in (looked_at, not_before) if looked_at and one), default=None)

    @property
    def earliest_consequence_at(self) -> datetime | None:
        """Return when silence leads to something at the earliest; None while no review waits.

        Also of a review without a record of its questions, as those of an earlier version.
        """
        if self.state is not PartnershipState.REVIEW_DUE or self.next_review_at is None:
            return None
        is_suspension = self.silence_leads_to is OnSilence.SUSPEND
        if self.review_reminders:
            return self.silence_ends_at if is_suspension else consequence_at(self.review_reminders, self.next_review_at)
        asked = min(self.reminders, ADMINS_ASKED_FROM - 1)
        return consequence_without_record_at(asked, self.next_review_at, is_suspension=is_suspension)

    @property
    def silence_leads_to(self) -> OnSilence:
        """Return what happens without an answer. Settings that nobody approved are not suspended without an admin."""
        return self.on_silence if self.is_as_approved else OnSilence.ESCALATE

    @property
    def silence_step_at(self) -> datetime | None:
        """Return from when on it is looked for what silence leads to; None while the last reminder was not issued."""
        has_last_call = any(one.number >= LAST_CALL for one in self.review_reminders)
        is_due = self.state is PartnershipState.REVIEW_DUE
        return consequence_at(self.review_reminders, None) if has_last_call and is_due else None

    @property
    def end_step_at(self) -> datetime | None:
        """Return when the next notice about the end is due, or the end itself; None when nothing is left to do then.

        An access whose settings nobody approved ended when that was found. It has a review, and no notices.
        """
        if self.ends_at is None or self.is_closed or not self.is_as_approved or self.is_end_handled:
            return None
        notice_at = next_notice_at(self.since, self.ends_at, self.end_notices)
        return self.ends_at if notice_at is None and self.at_end is AtEnd.BLOCK else notice_at

    @property
    def is_end_handled(self) -> bool:
        """Return whether the end of the access has come, and people were asked or the block was requested."""
        is_asked = any(notice.days == AT_THE_END and notice.ends_at == self.ends_at for notice in self.end_notices)
        return is_asked or self.blocked_by is not None

    def is_past_its_end(self, now: datetime) -> bool:
        """Return whether the approved access period has ended."""
        return self.ends_at is not None and now >= self.ends_at


def opened_at(partnership: Partnership, requests: Iterable[AccessRequest]) -> datetime:
    """Return when the present access was first opened; later extensions and changes do not count.

    :param requests: the requests about this partner, in any order. Only those confirmed after the last block count,
        whether it was a revocation, a suspension or a request that was approved.
    """
    confirmed = [
        (request.confirmed_at, closes(request))
        for request in requests
        if request.state is RequestState.APPLIED and request.confirmed_at is not None and request.was_written
    ] + [
        (request.changed_at, False)
        for request in requests
        if request.applied_part and not closes(request)  # opened in part
    ]
    last_end = max((moment for moment, is_end in confirmed if is_end), default=None)
    openings = [moment for moment, is_end in confirmed if not is_end and (last_end is None or moment > last_end)]
    return min([*openings, partnership.since])


def is_over(request: AccessRequest, record: Partnership | None, now: datetime) -> bool:
    """Return whether an access request is closed and not active as approved, so that it can be requested again.

    :param record: the record of the request's partner; None when there is none.
    """
    if request.fields.kind is not RequestKind.ACCESS or not request.is_terminal:
        return False
    if not request.was_written or request.applied_part:
        return True  # what is missing of a part can be requested again
    if record is None or record.request_id != request.id:
        return record is not None  # replaced or revoked later
    return not record.is_closed and record.is_past_its_end(now)


def newer_request(
    request: AccessRequest, others: Iterable[AccessRequest], record: Partnership | None, now: datetime
) -> AccessRequest | None:
    """Return the newest later request of the same person for the same partner that waits or is in force.

    None when there is none. If there is one, the earlier request need not be requested again.

    :param record: see `is_over`.
    """
    in_force = None if record is None or not _is_active(record, now) else record.request_id
    later = [
        other
        for other in others
        if other.created_at > request.created_at
        and other.fields.kind is not RequestKind.REVOCATION
        and other.fields.account_change is None
        and (not other.is_terminal or other.id == in_force)
        and other.is_filed_by(request.fields.requester, request.requester_account)
        and _is_same_partner(other, request)
    ]
    return max(later, key=lambda later_request: later_request.created_at, default=None)


def _is_active(record: Partnership, now: datetime) -> bool:
    return not record.is_closed and not record.is_past_its_end(now)


def _is_same_partner(request: AccessRequest, other: AccessRequest) -> bool:
    """Compare the tenants. While one is not known, compare what was typed."""
    tenants = {tenant_of(request), tenant_of(other)}
    if None in tenants:
        return request.fields.target.strip().lower() == other.fields.target.strip().lower()
    return len(tenants) == 1


def tenant_of(request: AccessRequest) -> TenantId | None:
    """Return the tenant that a request is about; None while it is not known."""
    observed = request.observation if request.prepared is None else request.prepared.observation
    return None if observed is None else observed.identity.tenant_id


class LaterChange(StrEnum):
    """What a later request did to the result of an earlier one."""

    REVOKED = "revoked"
    SUSPENDED = "suspended"
    CLOSED_EARLY = "closed_early"
    """An approved request closed the partner before the end of the earlier access."""
    CLOSED = "closed"
    """An approved request closed the partner, and the earlier access had no end or had reached it."""
    EXTENDED = "extended"
    ADOPTED = "adopted"
    """The settings that somebody made later became the record."""
    REPLACED = "replaced"
    REPLACED_IN_PART = "replaced_in_part"
    CHANGED_BY_OTHERS = "changed_by_others"
    """Somebody else changed the partner while the later request was sent."""


def later_change(request: AccessRequest, later: AccessRequest) -> LaterChange:
    """Return how a later request changed the result of an earlier one. Every card, list and message uses this function.

    :param later: see `replacements_among`.
    """
    if later.state is RequestState.OVERWRITTEN:
        return LaterChange.CHANGED_BY_OTHERS
    if later.applied_part:
        return LaterChange.REPLACED_IN_PART
    if later.fields.kind is RequestKind.REVOCATION:
        return LaterChange.SUSPENDED if later.is_suspension else LaterChange.REVOKED
    if closes(later):
        return LaterChange.CLOSED_EARLY if _is_before_the_end(request, later) else LaterChange.CLOSED
    if later.plan.adoption is not None:
        return LaterChange.ADOPTED
    return LaterChange.EXTENDED if is_extension(later.plan) else LaterChange.REPLACED


def replacements_among(requests: Iterable[AccessRequest]) -> Mapping[RequestId, AccessRequest]:
    """Return, by request, the later one that replaced its result; a request whose result stays is left out.

    It is the first later request that was applied completely. If none was, it is the first that changed the partner.

    :param requests: requests about one partner, in any order.
    """
    results = [(at, request) for request in requests if (at := result_read_at(request)) is not None]
    requests_by_id: dict[RequestId, AccessRequest] = {}
    first: AccessRequest | None = None
    complete: AccessRequest | None = None
    for _, read_together in groupby(sorted(results, key=itemgetter(0), reverse=True), key=itemgetter(0)):
        same_time = [request for _, request in read_together]
        if (later := complete or first) is not None:
            requests_by_id.update((request.id, later) for request in same_time)
        for same_time_request in same_time:
            first, complete = (
                same_time_request,
                same_time_request if same_time_request.state is RequestState.APPLIED else complete,
            )
    return requests_by_id


def result_read_at(request: AccessRequest) -> datetime | None:
    """Return when the result of a written request was read in the tenant; None when it was not."""
    return (request.confirmed_at or request.changed_at) if request.was_written else None


def _is_before_the_end(request: AccessRequest, later: AccessRequest) -> bool:
    if request.state is not RequestState.APPLIED or closes(request):
        return False
    has_approval = any(decision.choice is Choice.APPROVE for decision in request.decisions)
    ends_at = access_ends_at(request) if has_approval else request.plan.ends_at
    return ends_at is not None and (later.confirmed_at or later.changed_at) < ends_at
