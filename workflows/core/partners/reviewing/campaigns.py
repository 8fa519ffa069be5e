"""Campaigns: an admin has many partners reviewed at once. The record, which partners take part, and the progress."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.partners.reviewing.review_events import has_event
from workflows.core.people import ADMIN, CurrentRoles, Person
from workflows.core.plans.plan import AtEnd
from workflows.core.requests.commands.campaign import CampaignId, CampaignScope
from workflows.core.requests.commands.review_event import ReviewReasonCode, StartReview
from workflows.core.settings.model import TenantId

_OVERDUE_FROM: Final = 2
"""A member is overdue that was reminded at least once."""
ENDS_SOON: Final = timedelta(days=7)
"""A partner that is blocked automatically within this time is not reviewed any more."""
MAX_REASON_CHARACTERS: Final = 300


class SkipReason(StrEnum):
    """Why a partner is left out of a campaign. The values are stored."""

    BLOCKED = "blocked"
    UNDER_REVIEW = "under_review"
    """A review is open already, or another campaign is about to start one."""
    ENDED = "ended"
    """The approved access period is over."""
    ENDS_SOON = "ends_soon"


class CampaignState(StrEnum):
    """The state of a campaign. The values are stored."""

    RUNNING = "running"
    DONE = "done"
    """Every member is answered."""
    WITHDRAWN = "withdrawn"


class MemberOutcome(StrEnum):
    """What became of one member of a campaign. The values are stored."""

    OPEN = "open"
    OVERDUE = "overdue"
    """Open, and asked again at least once."""
    KEPT = "kept"
    REDUCED = "reduced"
    """The review was answered by a request that only reduces access."""
    REVOKED = "revoked"
    CHANGED = "changed"
    """Another request was approved, which ended the review."""


OPEN_OUTCOMES: Final = (MemberOutcome.OPEN, MemberOutcome.OVERDUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """The record of one campaign. `version` increases with every stored change; an outdated write is refused."""

    id: CampaignId
    version: int
    state: CampaignState
    scope: CampaignScope
    value: str
    label: str
    """The value as people know it: the title of a template, the name of a sponsor or partner, the level."""
    reason: str
    by: Person
    at: datetime
    members: tuple[TenantId, ...]
    skipped: Mapping[SkipReason, int] = field(default_factory=dict)
    handled: int = 0
    """How many members were asked; of a withdrawn campaign, how many were looked at to end their reviews."""
    counts: Mapping[MemberOutcome, int] = field(default_factory=dict)
    """How many members have which outcome, as it was counted last."""
    counted_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: Person | None = None
    """Who withdrew it; None when every member is answered."""

    @property
    def is_open(self) -> bool:
        """Return whether something is left to do: members to ask, to count, or to release after a withdrawal."""
        return self.state is CampaignState.RUNNING or (
            self.state is CampaignState.WITHDRAWN and self.handled < len(self.members)
        )

    @property
    def answered(self) -> int:
        """Return how many members are answered, as it was counted last."""
        return sum(count for outcome, count in self.counts.items() if outcome not in OPEN_OUTCOMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A partner that a campaign is about."""

    tenant_id: TenantId
    name: str
    skip: SkipReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The partners that a campaign is about: those that are asked, and those that are left out and why."""

    label: str
    members: Sequence[Candidate]
    skipped: Sequence[Candidate]

    @classmethod
    def of(cls, label: str, candidates: Iterable[Candidate]) -> "Selection":
        """Divide the candidates, each by name."""
        ordered = sorted(candidates, key=lambda candidate: candidate.name)
        return cls(
            label=label,
            members=[candidate for candidate in ordered if candidate.skip is None],
            skipped=[candidate for candidate in ordered if candidate.skip is not None],
        )


def why_skipped(partnership: Partnership, now: datetime, *, is_in_campaign: bool) -> SkipReason | None:
    """Return why a partner takes no part in a campaign; None when it does.

    :param is_in_campaign: whether another campaign will start a review of it.
    """
    if partnership.state not in (PartnershipState.ACTIVE, PartnershipState.REVIEW_DUE):
        return SkipReason.BLOCKED
    if partnership.is_past_its_end(now):
        return SkipReason.ENDED
    if partnership.state is PartnershipState.REVIEW_DUE or is_in_campaign:
        return SkipReason.UNDER_REVIEW
    ends_at = partnership.ends_at
    is_ending = partnership.at_end is AtEnd.BLOCK and ends_at is not None and ends_at - now <= ENDS_SOON
    return SkipReason.ENDS_SOON if is_ending else None


def begin_campaign(
    campaign_id: CampaignId,
    scope: CampaignScope,
    value: str,
    selection: Selection,
    *,
    reason: str,
    by: Person,
    now: datetime,
) -> Campaign:
    """Return a new campaign.

    :raises Refused: without a reason, or when there is nobody to ask.
    """
    if not reason.strip():
        raise Refused(RefusalCode.CAMPAIGN_REASON_MISSING)
    if not selection.members:
        raise Refused(RefusalCode.CAMPAIGN_EMPTY, label=selection.label, skipped=len(selection.skipped))
    return Campaign(
        id=campaign_id,
        version=1,
        state=CampaignState.RUNNING,
        scope=scope,
        value=value,
        label=selection.label,
        reason=reason.strip()[:MAX_REASON_CHARACTERS],
        by=by,
        at=now,
        members=tuple(member.tenant_id for member in selection.members),
        skipped=Counter(candidate.skip for candidate in selection.skipped if candidate.skip is not None),
        counts={MemberOutcome.OPEN: len(selection.members)},
        counted_at=now,
    )


def require_campaign_admin(person: Person, current_roles: CurrentRoles) -> None:
    """Check that a person is an admin.

    :raises Refused: when not.
    """
    if not current_roles.holds(person.id, ADMIN):
        raise Refused(RefusalCode.ONLY_ADMINS_START_CAMPAIGNS)


def withdraw_campaign(campaign: Campaign | None, actor: Person, now: datetime) -> Campaign:
    """Return a campaign that an admin withdrew. The reviews that only it started end.

    :raises Refused: when it has ended, or there is no such campaign.
    """
    if campaign is None or campaign.state is not CampaignState.RUNNING:
        raise Refused(RefusalCode.CAMPAIGN_OVER)
    return replace(
        campaign,
        version=campaign.version + 1,
        state=CampaignState.WITHDRAWN,
        handled=0,
        ended_at=now,
        ended_by=actor,
    )


def review_of(campaign: Campaign) -> StartReview:
    """Return the command that starts the review of a member."""
    return StartReview(
        reason=ReviewReasonCode.CAMPAIGN,
        event=campaign.id,
        values={"campaign": campaign.id, "by": campaign.by.name, "why": campaign.reason},
    )


def is_asked_by(campaign: Campaign, partnership: Partnership) -> bool:
    """Return whether an open review of the partner has this campaign among its reasons."""
    return partnership.state is PartnershipState.REVIEW_DUE and any(
        reason.code is ReviewReasonCode.CAMPAIGN and reason.values.get("campaign") == campaign.id
        for reason in partnership.review_reasons
    )


def is_left_out(campaign: Campaign, partnership: Partnership) -> bool:
    """Return whether a member was never asked, because its review could not be started. It must be tried again."""
    return (
        partnership.state in (PartnershipState.ACTIVE, PartnershipState.REVIEW_DUE)
        and not has_event(partnership, ReviewReasonCode.CAMPAIGN, campaign.id)
        and _answer_to(campaign, partnership) is None
        and partnership.since <= campaign.at  # a later approval forgets the events before it
    )


def outcome_of(campaign: Campaign, partnership: Partnership | None) -> MemberOutcome:
    """Return what became of a member. A partner that is not recorded any more counts as revoked."""
    if partnership is None or partnership.state not in (PartnershipState.ACTIVE, PartnershipState.REVIEW_DUE):
        return MemberOutcome.REVOKED
    if is_asked_by(campaign, partnership):
        is_overdue = partnership.reminders >= _OVERDUE_FROM
        return MemberOutcome.OVERDUE if is_overdue else MemberOutcome.OPEN
    if (answer := _answer_to(campaign, partnership)) is not None:
        return MemberOutcome.KEPT if answer.reduced_by is None else MemberOutcome.REDUCED
    return MemberOutcome.OPEN if is_left_out(campaign, partnership) else MemberOutcome.CHANGED


def _answer_to(campaign: Campaign, partnership: Partnership) -> Attestation | None:
    """Return the first answer that was given since the campaign began."""
    return next((answer for answer in partnership.attestations if answer.at >= campaign.at), None)


def with_handled(campaign: Campaign, handled: int) -> Campaign:
    """Return the campaign after more of its members were asked or released."""
    return replace(campaign, version=campaign.version + 1, handled=handled)


def with_counts(campaign: Campaign, outcomes: Iterable[MemberOutcome], now: datetime) -> Campaign:
    """Return the campaign with what became of its members; done when all are answered, the same if nothing changed."""
    counts = Counter(outcomes)
    if counts == Counter(campaign.counts):
        return campaign
    is_done = not any(counts[outcome] for outcome in OPEN_OUTCOMES)
    return replace(
        campaign,
        version=campaign.version + 1,
        counts=dict(counts),
        counted_at=now,
        state=CampaignState.DONE if is_done else campaign.state,
        ended_at=now if is_done else None,
    )
