"""A request: one asked-for change of one partner, from the first click to the read-back proof."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from workflows.core.checks.findings import Finding
from workflows.core.errors import Refused
from workflows.core.people import ChatId, Person, PersonId, Roster
from workflows.core.plans.drift import Drift
from workflows.core.plans.plan import Plan, TenantIdentity
from workflows.core.plans.refused_writes import RefusedWrite
from workflows.core.policy.approval import Decision, Verdict, evaluate
from workflows.core.policy.template import Stage
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.openness import OpenWay

RequestId = NewType("RequestId", str)


class RequestKind(StrEnum):
    """What a request wants."""

    ACCESS = "access"
    REVOCATION = "revocation"
    RESTORATION = "restoration"
    """Puts back what stood before an earlier request of the same partner."""


class RequestState(StrEnum):
    """Where a request stands; the values are what is stored."""

    PREPARING = "preparing"
    """Stored and acknowledged; people, tenant and plan are being read from the directory."""
    AWAITING_APPROVAL = "awaiting_approval"
    APPLYING = "applying"
    """Decided; the plan is being written, or waits for Graph to answer."""
    UNCONFIRMED = "unconfirmed"
    """Graph took every write, but does not show the result yet."""
    APPLIED = "applied"
    """Written and read back."""
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    UNFIT = "unfit"
    """Could never become a plan; nothing was written."""
    STOPPED = "stopped"
    """Given up before it was confirmed: the partner is no longer who was approved, or was revoked meanwhile."""
    OVERWRITTEN = "overwritten"
    """Sent, then found changed by somebody else. Whether Graph took our write is not known; what stands is reviewed."""
    FAILED = "failed"
    """Graph refused a write; `note` says which half stands."""


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
"""States that no command leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the directory said about a partner at one moment."""

    identity: TenantIdentity
    configuration: JsonObject | None
    at: datetime
    default: JsonObject | None = None
    """The tenant's default configuration; None when it was not read, so that what is inherited is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What the requester filled in, parsed."""

    kind: RequestKind
    requester: ChatId
    sponsor: ChatId
    target: str
    """Normalized domain or tenant id, as asked for."""
    template: str
    justification: str
    duration: timedelta | None
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """What was typed for the template's placeholders, by their names; checked when it was filed."""
    restores: RequestId | None = None
    """The request whose before-image is to be put back; None for every other kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The earlier change that a restore request puts back, for showing it."""

    request_id: RequestId
    kind: RequestKind
    title: str
    by: Person
    at: datetime
    """When it was read back, or found overwritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What preparing a request found out: everything that is decided about. It is replaced as a whole or not at all."""

    observation: Observation
    requester: Person
    sponsor: Person
    plan: Plan
    template_title: str
    stages: tuple[Stage, ...]
    """Empty for a revocation: the right to revoke is judged when it is asked for."""
    review_interval: timedelta | None
    findings: tuple[Finding, ...] = ()
    """What the approvers must know beyond the plan itself."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What our own directory called the ids that the plan names, by id; for showing them."""
    restored: Restored | None = None
    """What a restore request puts back; None for every other kind."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """What each role of the stages meant, as a hash of its definition; empty in requests of earlier versions."""

    @property
    def excluded(self) -> frozenset[PersonId]:
        """Who may not decide: the requester and the sponsor."""
        return frozenset({self.requester.id, self.sponsor.id})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """The whole record of a request. `version` grows with every stored change; a stale writer loses."""

    id: RequestId
    version: int
    state: RequestState
    particulars: Particulars
    created_at: datetime
    changed_at: datetime
    expires_at: datetime
    """When an undecided request ends by itself."""
    observation: Observation | None = None
    """What the form saw, to spare preparing a second look."""
    submitter: Person | None = None
    """Who filed it, where that was judged before it was stored."""
    account: PersonId | None = None
    """The requester's account, where it was known when it was filed; None in old records. See `requester_account`."""
    prepared: Prepared | None = None
    decisions: tuple[Decision, ...] = ()
    note: str = ""
    """What a reader must know about the present state, in one or two sentences."""
    asked_again: str = ""
    """Why a new plan had to be made after people had seen one; empty when there was only one."""
    drift: Drift | None = None
    """How the partner differed from the plan that was approved, where that is why it was asked again."""
    writing_since: datetime | None = None
    """Set before the first write of the plan: from then on a difference in the tenant may be our own doing."""
    sent_before: datetime | None = None
    """When an earlier plan of this request was sent, which may stand all the same; None in records of before, too."""
    replans: int = 0
    """How often a revocation was planned again, because somebody had changed the partner meanwhile."""
    not_before: datetime | None = None
    """When a revocation that was planned again is tried next; None where that is at once."""
    unseen_since: datetime | None = None
    """When Graph had taken every write and did not show it: from then on it is read, and perhaps sent again."""
    resent_at: datetime | None = None
    """When it was last decided to send again what was taken and did not show; stored before it is sent."""
    confirmed_at: datetime | None = None
    """When the read-back showed the whole plan."""
    lifetime: timedelta | None = None
    """How long it may stay undecided, each time it is asked; None in old records, until they are asked again."""
    not_closed: tuple[OpenWay, ...] | None = None
    """What the read-back of a closing did not show as closed for certain; None where that was not judged."""
    refused: tuple[RefusedWrite, ...] = ()
    """The writes that may be refused and do not stand."""

    @property
    def is_terminal(self) -> bool:
        """Return whether nothing can change any more."""
        return self.state in TERMINAL

    @property
    def was_sent(self) -> bool:
        """Return whether a write was ever sent for it, whichever plan that was of."""
        return self.writing_since is not None or self.sent_before is not None

    @property
    def known(self) -> Prepared:
        """What preparing found out.

        :raises Refused: while there is no plan yet.
        """
        if self.prepared is None:
            raise Refused("not_prepared", "This request has no plan yet; wait until it has been prepared.")
        return self.prepared

    @property
    def requester_account(self) -> PersonId | None:
        """Return the requester's account, as far as it is known."""
        if self.prepared is not None:
            return self.prepared.requester.id
        return self.account if self.submitter is None else self.submitter.id

    def is_by(self, chat_id: ChatId | None, account: PersonId | None = None) -> bool:
        """Tell whether somebody filed this: a person may have two chat ids, so accounts count where they are known."""
        known = self.requester_account
        return chat_id == self.particulars.requester or (account is not None and account == known)

    def verdict(self, roster: Roster | None = None) -> Verdict:
        """Evaluate the chain on `roster` (None: for display, everybody eligible).

        :raises Refused: while there is no plan yet.
        """
        known = self.known
        return evaluate(known.stages, self.decisions, digest=known.plan.digest, excluded=known.excluded, roster=roster)
