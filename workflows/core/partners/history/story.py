"""The story of one request from the records: who asked, who approved and why, what was changed and read back, and what
stands. Nothing is read in the tenant: what stands is told as of the last read-back.

It is long because a story has many parts, and each of them is told only together with the others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.partners.history.handovers import HandoverStep, handover_steps
from workflows.core.partners.history.outside_changes import (
    ACCEPTED,
    OutsideChange,
    RecordedEntry,
    changes_around_writes,
    changes_found_by_sweeps,
)
from workflows.core.partners.history.said_outcomes import SaidOutcome, said_outcomes
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState, result_read_at
from workflows.core.people import Person
from workflows.core.plans.accounts import AccountEnd
from workflows.core.policy.approval import Choice, Decision
from workflows.core.policy.reviews.terms import MfaAttestation
from workflows.core.requests.notes import is_believed
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.requests.transitions.writes import closes
from workflows.core.settings.canonical import JsonObject

_KEEP: Final = "keep"
_APPLIED: Final = "record_applied"


class Standing(StrEnum):
    """What of a request stands, as far as the records say."""

    NOTHING_SENT = "nothing_sent"
    OPEN = "open"
    """The request has not ended. A write may have been sent."""
    NOT_READ_BACK = "not_read_back"
    """It ended after a write was sent whose result was not read."""
    ACCOUNTS_CHANGED = "accounts_changed"
    """Guest accounts were disabled or enabled, and read back. Somebody may have changed them since."""
    IN_FORCE = "in_force"
    PAST_ITS_END = "past_its_end"
    """The settings were read back, the access period is over, and no request has closed the partner since."""
    BLOCKED = "blocked"
    SUSPENDED = "suspended"
    """Blocked, and meant to be lifted."""
    NOT_AS_APPROVED = "not_as_approved"
    """What was read back was not approved as it is: a part of the plan, or somebody else's change."""
    DRIFTED = "drifted"
    """It was read back as approved or blocked, and a sweep found since that it is different."""
    REPLACED = "replaced"
    """A later request changed it."""
    NO_RECORD = "no_record"
    """It was read back, and the partner's record is missing."""


_AS_WRITTEN: Final = (Standing.IN_FORCE, Standing.PAST_ITS_END, Standing.BLOCKED, Standing.SUSPENDED)
"""What is only true while no sweep has found the partner to be different."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What was read in the tenant after a write."""

    at: datetime
    configuration: JsonObject
    digest: str
    """The digest of the plan that was written; empty when the entry has none."""
    is_complete: bool
    """Whether it showed every required write of the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAnswer:
    """Somebody said in a review that the access is still needed."""

    at: datetime
    chat_id: str
    name: str
    """The recorded name; empty when none was recorded."""
    reason: str
    mfa: MfaAttestation | None = None
    """What the person attested about the partner's MFA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryDecision:
    """One decision of an approver."""

    decision: Decision
    stage_title: str
    """Empty when the stage is not known any more."""
    is_counted: bool
    """Whether it is an approval that counts for the present plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStory:
    """One request as evidence."""

    request: AccessRequest
    decisions: tuple[StoryDecision, ...]
    """All decisions, also those on earlier plans, oldest first."""
    approved_at: datetime | None
    """When the last needed approval was given; None without a complete approval."""
    read_back: ReadBack | None
    """The last read-back that was recorded."""
    reviews: tuple[ReviewAnswer, ...]
    outcomes: tuple[SaidOutcome, ...]
    """What people said about whether the access works, oldest first."""
    handovers: tuple[HandoverStep, ...]
    """What became of the partner's sponsor while this request's result was in force, oldest first."""
    outside_changes: tuple[OutsideChange, ...]
    standing: Standing
    as_of: datetime | None
    """When what stands was last read in the tenant, or a sweep found it different; None when nothing was read."""
    later: AccessRequest | None
    """The later request that replaced its result."""
    entries: Sequence[RecordedEntry]
    """The audit entries, oldest first."""
    entry_count: int
    """How many audit entries there are; more than `entries` when not all were read."""
    is_believed: bool = True
    """False when something other than Gatehouse changed the request: no decision of it counts then."""

    @property
    def open_drift(self) -> OutsideChange | None:
        """Return what a sweep found to be different, while it is; None where nothing is."""
        return next((one for one in self.outside_changes if one.is_open), None)

    @property
    def verified_at(self) -> datetime | None:
        """Return when the read-back showed the complete plan."""
        return self.request.confirmed_at

    @property
    def time_to_approval(self) -> timedelta | None:
        """Return how long it took from sending the request to its last approval."""
        return None if self.approved_at is None else self.approved_at - self.request.created_at

    @property
    def time_to_apply(self) -> timedelta | None:
        """Return how long it took from the last approval to the read-back. A revocation needs no approval."""
        if self.verified_at is None:
            return None
        start = self.approved_at
        if start is None and self.request.fields.kind is RequestKind.REVOCATION:
            start = self.request.created_at
        return None if start is None else self.verified_at - start

    @property
    def total_time(self) -> timedelta | None:
        """Return how long it took from sending the request to the read-back."""
        return None if self.verified_at is None else self.verified_at - self.request.created_at


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySource:
    """What the story is made of."""

    request: AccessRequest
    record: Partnership | None = None
    """The record of its partner."""
    later: AccessRequest | None = None
    """The later request that replaced its result, if there is one."""
    entries: Sequence[RecordedEntry] = field(default_factory=tuple)
    entry_count: int = 0
    sweep_entries: Sequence[RecordedEntry] = field(default_factory=tuple)
    """The entries about what sweeps found about its partner, oldest first."""
    handover_entries: Sequence[RecordedEntry] = field(default_factory=tuple)
    """The entries about hand-overs of its partner's sponsor, oldest first."""
    swept_at: datetime | None = None
    """When the last complete sweep began; None when there was none."""
    is_as_signed: bool = True
    """Whether the stored request is as signed entries say."""


def request_story(source: StorySource, now: datetime) -> RequestStory:
    """Return the story of one request."""
    request, decisions = source.request, tuple(_decisions(source.request))
    believed = source.is_as_signed and is_believed(request)
    if not believed:
        decisions = tuple(replace(one, is_counted=False) for one in decisions)
    done = [one for one in source.entries if one.outcome == ACCEPTED]
    later = source.later
    since, until = result_read_at(request), None if later is None else result_read_at(later)
    found = changes_found_by_sweeps(source.sweep_entries, since=since, until=until, swept_at=source.swept_at)
    names = _names(source)
    standing = _standing(source, now)
    drifted_at = next((one.at for one in found if one.is_open), None)
    if drifted_at is not None and standing in _AS_WRITTEN:
        standing = Standing.DRIFTED
    return RequestStory(
        request=request,
        decisions=decisions,
        approved_at=_approved_at(request, decisions) if believed else None,
        read_back=_last_read_back(done),
        reviews=tuple(_reviews(done, names, () if source.record is None else source.record.attestations)),
        outcomes=tuple(said_outcomes(done)),
        handovers=tuple(handover_steps(source.handover_entries, since=since, until=until, names=names)),
        outside_changes=(*changes_around_writes(done), *found),
        standing=standing,
        as_of=drifted_at if standing is Standing.DRIFTED else result_read_at(request if later is None else later),
        later=later,
        entries=source.entries,
        entry_count=source.entry_count,
        is_believed=believed,
    )


def _decisions(request: AccessRequest) -> Iterator[StoryDecision]:
    stages = () if request.prepared is None else request.prepared.stages
    counted = () if request.prepared is None else request.verdict().counted_people
    left = {(index, person.id) for index, people in enumerate(counted) for person in people}
    for one in request.void_decisions:
        yield StoryDecision(decision=one, stage_title="", is_counted=False)
    for one in request.decisions:
        key = (one.stage, one.person.id)
        is_counted = key in left and one.choice is Choice.APPROVE and one.digest == request.plan.digest
        if is_counted:
            left.discard(key)
        title = stages[one.stage].title if one.stage < len(stages) else ""
        yield StoryDecision(decision=one, stage_title=title, is_counted=is_counted)


def _approved_at(request: AccessRequest, decisions: Iterable[StoryDecision]) -> datetime | None:
    if request.prepared is None or not request.prepared.stages or not request.verdict().is_complete:
        return None
    return max(one.decision.at for one in decisions if one.is_counted)


def _last_read_back(entries: Sequence[RecordedEntry]) -> ReadBack | None:
    for entry in reversed(entries):
        configuration = entry.details.get("image")
        if isinstance(configuration, Mapping):
            digest = entry.details.get("digest")
            return ReadBack(
                at=entry.at,
                configuration=configuration,
                digest=digest if isinstance(digest, str) else "",
                is_complete=entry.command == _APPLIED,
            )
    return None


def _names(source: StorySource) -> Mapping[str, str]:
    """Return the recorded names of people, by chat id."""
    request, record = source.request, source.record
    people: list[Person] = [one.person for one in (*request.void_decisions, *request.decisions)]
    people += [] if request.prepared is None else [request.prepared.requester, request.prepared.sponsor]
    people += [] if record is None else [record.sponsor, *(one.person for one in record.attestations)]
    return {one.chat_id: one.name for one in people}


def _reviews(
    entries: Iterable[RecordedEntry], names: Mapping[str, str], attestations: Iterable[Attestation]
) -> Iterator[ReviewAnswer]:
    attested = {(one.at, str(one.person.chat_id)): one.mfa for one in attestations}
    for entry in entries:
        if entry.command == _KEEP:
            reason = entry.details.get("reason")
            yield ReviewAnswer(
                at=entry.at,
                chat_id=entry.actor,
                name=names.get(entry.actor, ""),
                reason=reason if isinstance(reason, str) else "",
                mfa=attested.get((entry.at, entry.actor)),
            )


def _standing(source: StorySource, now: datetime) -> Standing:
    request, record = source.request, source.record
    if not request.is_terminal:
        return Standing.OPEN
    if request.fields.account_change is not None:
        return _standing_of_accounts(request)
    if not request.was_written:
        return Standing.NOT_READ_BACK if request.was_sent else Standing.NOTHING_SENT
    if source.later is not None:
        return Standing.REPLACED
    if record is None:
        return Standing.NO_RECORD
    if record.request_id != request.id:
        return Standing.REPLACED
    if not record.is_as_approved:
        return Standing.NOT_AS_APPROVED
    if record.state is PartnershipState.SUSPENDED:
        return Standing.SUSPENDED
    if closes(request) or record.is_closed:
        return Standing.BLOCKED
    return Standing.PAST_ITS_END if record.is_past_its_end(now) else Standing.IN_FORCE


def _standing_of_accounts(request: AccessRequest) -> Standing:
    """Return what is known of guest accounts that a request was to change."""
    progress = request.accounts
    if progress is None or request.writing_since is None:
        return Standing.NOTHING_SENT
    return Standing.ACCOUNTS_CHANGED if progress.count(AccountEnd.DONE) else Standing.NOT_READ_BACK
