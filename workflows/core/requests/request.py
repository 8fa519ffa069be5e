"""A request: one requested change of one partner, from the first click to the verified result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from workflows.core.checks.findings import Finding
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person, PersonId, Roster
from workflows.core.plans.drift import Drift
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.plans.refused_writes import RefusedWrite
from workflows.core.policy.approval import Decision, Verdict, evaluate
from workflows.core.policy.template import Stage
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.openness import OpenAccess

RequestId = NewType("RequestId", str)


class RequestKind(StrEnum):
    """The kind of change that is requested."""

    ACCESS = "access"
    REVOCATION = "revocation"
    RESTORATION = "restoration"
    """Restores the settings from before an earlier request of the same partner."""


class RequestState(StrEnum):
    """The state of a request. The values are stored."""

    PREPARING = "preparing"
    """Stored and acknowledged. People, tenant and plan are being read from the directory."""
    AWAITING_APPROVAL = "awaiting_approval"
    APPLYING = "applying"
    """Approved. The plan is being written, or waits for Graph to answer."""
    UNCONFIRMED = "unconfirmed"
    """Graph accepted every write, but does not show the result yet."""
    APPLIED = "applied"
    """Written and read back."""
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    UNFIT = "unfit"
    """Could never become a plan. Nothing was written."""
    STOPPED = "stopped"
    """Given up before it was confirmed: the tenant is no longer the approved partner, or was revoked meanwhile."""
    OVERWRITTEN = "overwritten"
    """Sent, then found changed by somebody else. Whether Graph accepted our write is not known; a review is due."""
    FAILED = "failed"
    """Graph refused a write. `note` says which part took effect."""


TERMINAL: Final = frozenset(
    {
        RequestState.APPLIED,
        RequestState.REJECTED,
        RequestState.WITHDRAWN,
        RequestState.EXPIRED,
        RequestState.UNFIT,
        RequestState.STOPPED,
        RequestState.OVERWRITTEN,
        RequestState.FAILED,
    }
)
"""States that no command can change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedPartner:
    """What the directory returned about a partner at one moment."""

    identity: TenantIdentity
    configuration: JsonObject | None
    at: datetime
    default: JsonObject | None = None
    """The tenant's default configuration; None when it was not read, so that inherited values are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """The parsed fields that the requester filled in."""

    kind: RequestKind
    requester: ChatId
    sponsor: ChatId
    target: str
    """The requested domain or tenant id, normalized."""
    template: str
    justification: str
    duration: timedelta | None
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """The values typed for the template's placeholders, by name; checked when the request was filed."""
    restores: RequestId | None = None
    """The request whose previous settings are restored; None for every other kind."""
    ends_at: datetime | None = None
    """When the access shall end, if a day was chosen; `duration` then counts the days from filing to it."""
    ticket: str = ""
    """The ticket that the request belongs to; empty when the template asks for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The earlier change that a restore request undoes, for display."""

    request_id: RequestId
    kind: RequestKind
    title: str
    by: Person
    at: datetime
    """When it was read back, or found overwritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The result of preparing a request: everything that approvers decide about. It is only replaced as a whole."""

    observation: ObservedPartner
    requester: Person
    sponsor: Person
    plan: Plan
    template_title: str
    stages: tuple[Stage, ...]
    """Empty for a revocation: the right to revoke is checked when it is requested."""
    review_interval: timedelta | None
    findings: tuple[Finding, ...] = ()
    """What the approvers must know besides the plan itself."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The names in our own directory of the ids that the plan names, by id; for display."""
    restored: Restored | None = None
    """What a restore request restores; None for every other kind."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """The definition of each role of the stages, as a hash; empty in requests of earlier versions."""

    @property
    def excluded(self) -> frozenset[PersonId]:
        """Return who may not decide: the requester and the sponsor."""
        return frozenset({self.requester.id, self.sponsor.id})


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """Who edited a request, and when."""

    person: Person
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """The complete record of a request. `version` increases with every stored change; an outdated write is refused."""

    id: RequestId
    version: int
    state: RequestState
    particulars: Particulars
    created_at: datetime
    changed_at: datetime
    expires_at: datetime
    """When an undecided request expires."""
    observation: ObservedPartner | None = None
    """What the form read, so that preparing need not read it again."""
    submitter: Person | None = None
    """Who filed it, if that was checked before it was stored."""
    account: PersonId | None = None
    """The requester's account, if known when it was filed; None in old records. See `requester_account`."""
    prepared: Prepared | None = None
    decisions: tuple[Decision, ...] = ()
    note: tuple[Fact, ...] = ()
    """What a reader must know about the present state; codes: `NoteCode` and what it names."""
    asked_again: tuple[Fact, ...] = ()
    """Why approval is needed again after people had seen a plan; empty when it was requested once."""
    drift: Drift | None = None
    """How the partner differed from the approved plan, when that is why approval was requested again."""
    round: int = 0
    """How often approval was requested again. Each round has its own messages; decisions of earlier ones are void."""
    seen: Prepared | None = None
    """What approvers had seen before the present plan; None where the plan is still the same."""
    seen_particulars: Particulars | None = None
    """What the requester had filled in when approvers saw the earlier plan; None where that is still the same."""
    edits: tuple[Edited, ...] = ()
    """Who edited the request, the newest last. None of them may decide on it."""
    void: tuple[Decision, ...] = ()
    """The decisions that no longer count, because approval was requested again. Their authors keep a receipt."""
    writing_since: datetime | None = None
    """Set before the first write of the plan. From then on a difference in the tenant may come from our own write."""
    sent_before: datetime | None = None
    """When an earlier plan of this request was sent, which may have taken effect; None in older records, too."""
    replans: int = 0
    """How often a revocation was planned again because somebody had changed the partner meanwhile."""
    not_before: datetime | None = None
    """When a revocation that was planned again is tried next; None: at once."""
    unseen_since: datetime | None = None
    """When Graph had accepted every write but did not show it. From then on it is read, and perhaps sent again."""
    resent_at: datetime | None = None
    """When it was last decided to send again what was accepted but not shown; stored before it is sent."""
    confirmed_at: datetime | None = None
    """When the read-back showed the complete plan."""
    reminders: int = 0
    """How often the approvers were reminded since approval was last requested."""
    reminded_at: datetime | None = None
    """When they were last reminded; None when never since then."""
    lifetime: timedelta | None = None
    """How long each round of approval may last; None in old records, until approval is requested again."""
    not_closed: tuple[OpenAccess, ...] | None = None
    """What the read-back after a closing did not show as certainly closed; None when that was not checked."""
    refused: tuple[RefusedWrite, ...] = ()
    """The refusable writes that did not take effect."""

    @property
    def is_terminal(self) -> bool:
        """Return whether nothing can change any more."""
        return self.state in TERMINAL

    @property
    def was_sent(self) -> bool:
        """Return whether a write was ever sent for it, under any of its plans."""
        return self.writing_since is not None or self.sent_before is not None

    @property
    def known(self) -> Prepared:
        """Return the result of preparing.

        :raises Refused: while there is no plan yet.
        """
        if self.prepared is None:
            raise Refused(RefusalCode.NOT_PREPARED)
        return self.prepared

    @property
    def requester_account(self) -> PersonId | None:
        """Return the requester's account, as far as it is known."""
        if self.prepared is not None:
            return self.prepared.requester.id
        return self.account if self.submitter is None else self.submitter.id

    def is_by(self, chat_id: ChatId | None, account: PersonId | None = None) -> bool:
        """Return whether the given person filed this request.

        A person may have two chat ids, so accounts are compared where they are known.
        """
        known = self.requester_account
        return chat_id == self.particulars.requester or (account is not None and account == known)

    def verdict(self, roster: Roster | None = None) -> Verdict:
        """Evaluate the chain with `roster` (None: for display, everybody counts as eligible).

        :raises Refused: while there is no plan yet.
        """
        known = self.known
        excluded = known.excluded | {one.person.id for one in self.edits}
        return evaluate(known.stages, self.decisions, digest=known.plan.digest, excluded=excluded, roster=roster)
