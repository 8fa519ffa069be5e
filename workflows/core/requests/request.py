"""A request: one requested change of one partner, from the form to the verified result. Data only.

It is long because each field of a record says what it means, and since which version it may be empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from workflows.core.checks.findings import Finding
from workflows.core.conversation.remarks import Remark, RemarkId
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, CurrentRoles, Person, PersonId
from workflows.core.plans.accounts import AccountChange, AccountProgress
from workflows.core.plans.drift import Drift
from workflows.core.plans.plan import Plan, SentWrite, TenantIdentity
from workflows.core.plans.writes.refused_writes import RefusedWrite
from workflows.core.policy.approval import ChainRule, Decision, Verdict, evaluate
from workflows.core.policy.delegation.asking import Reassignment
from workflows.core.policy.relations import NO_RELATIONS, Relations
from workflows.core.policy.template import USUAL_REMINDERS, Stage
from workflows.core.settings.canonical import Digest, JsonObject
from workflows.core.settings.model import TenantId
from workflows.core.settings.open_access import OpenAccess

RequestId = NewType("RequestId", str)
BatchId = NewType("BatchId", str)
"""The id of a batch: several requests that one decision decides."""


class RequestKind(StrEnum):
    """The kind of change that is requested."""

    ACCESS = "access"
    REVOCATION = "revocation"
    RESTORATION = "restoration"
    """Restores the settings from before an earlier request of the same partner."""
    ADOPTION = "adoption"
    """Makes the current settings of a partner its record. Nothing is written to the tenant."""
    DISABLE_GUESTS = "disable_guests"
    """Disables guest accounts of a partner. Its settings and its record stay as they are."""
    ENABLE_GUESTS = "enable_guests"
    """Enables guest accounts of a partner. Its settings and its record stay as they are."""


CHANGE_OF_KIND: Final[Mapping[RequestKind, AccountChange]] = {
    RequestKind.DISABLE_GUESTS: AccountChange.DISABLE,
    RequestKind.ENABLE_GUESTS: AccountChange.ENABLE,
}
"""What the kinds of request do that change guest accounts. Every other kind changes settings of a partner."""


class Closing(StrEnum):
    """How a revocation closes its partner. Both write the same block. The values are stored."""

    REVOKE = "revoke"
    """For good: a confirmed block resets the partner's approval policy."""
    SUSPEND = "suspend"
    """To be lifted: the approval policy, the sponsor and the end of the access stay in the partner's record."""


class RequestState(StrEnum):
    """The state of a request. The values are stored."""

    PREPARING = "preparing"
    """Stored. People and tenant are being read, and the plan is being made."""
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    """Guest accounts are shown. Nothing is written or approved before the admin who asked confirms it by typing."""
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    """Approved. Nothing is written before the day on which the access starts."""
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
    """No plan could be made. Nothing was written."""
    STOPPED = "stopped"
    """Ended before it was confirmed: it led to another tenant, the partner was revoked, or it was too late."""
    OVERWRITTEN = "overwritten"
    """A write was sent, but somebody else changed the partner. A review is due."""
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
    """A partner as it was read from Entra at one moment."""

    identity: TenantIdentity
    configuration: JsonObject | None
    at: datetime
    default: JsonObject | None = None
    """The tenant's default configuration; None when it was not read. Inherited values are then not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFields:
    """The checked fields of the request form."""

    kind: RequestKind
    requester: ChatId
    sponsor: ChatId
    target: str
    """The requested domain or tenant id, normalized."""
    template: str
    justification: str
    duration: timedelta | None
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """The value of each placeholder of the template, by name."""
    restores: RequestId | None = None
    """The request whose previous settings are restored, or whose result; None for every other kind."""
    restores_result: bool = False
    """Whether the settings after that request are restored, not those before it."""
    ends_at: datetime | None = None
    """When the access shall end, if a day was chosen; `duration` then counts the days to it."""
    starts_at: datetime | None = None
    """When the access shall start, if a later day was chosen; None: when it is approved."""
    ticket: str = ""
    """The number of the ticket that the request belongs to; empty when the template asks for none."""
    period_ended_at: datetime | None = None
    """The end of the access for which Gatehouse itself blocks the partner; None for every other request."""
    answers_review_of: TenantId | None = None
    """The partner whose review is answered when this reduces its access; None for a request that answers none."""
    silent_since: datetime | None = None
    """Since when nobody answers the review for which Gatehouse suspends the partner; None for every other request."""
    lifts: bool = False
    """Whether this restore lifts a suspension: the approved settings, sponsor and end become active again."""
    closing: Closing = Closing.REVOKE
    """How a revocation closes the partner. It means nothing for other kinds."""
    submitter: ChatId | None = None
    """Who sent the request on behalf of the requester; None when the requester did."""
    left_out: tuple[str, ...] = ()
    """The parts of the template that are not asked for, by their codes, see `policy.left_out`."""
    accounts: tuple[PersonId, ...] = ()
    """The guest accounts that were chosen; empty: every one of the partner that may be written."""
    only_found: bool = False
    """Whether only the guest accounts are written that a review finds: unused ones, and old invitations."""
    undoes: RequestId | None = None
    """The disabling of guest accounts that is undone; None for every other request."""

    @property
    def account_change(self) -> AccountChange | None:
        """Return what is done with guest accounts; None for a request that changes settings of a partner."""
        return CHANGE_OF_KIND.get(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A summary of the earlier change that a restore request undoes, for display."""

    request_id: RequestId
    kind: RequestKind
    title: str
    person: Person
    at: datetime
    """When it was read back, or found overwritten."""
    policy_title: str = ""
    """The title of the template whose approval chain decides.

    Empty in requests of earlier versions. Their `PreparedRequest.template_title` is a sentence.
    """
    is_result: bool = False
    """Whether the settings after that change are restored, because somebody else changed them since."""
    is_lift: bool = False
    """Whether they are restored because a suspension is lifted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """The result of preparing a request: everything that approvers decide about. It is only replaced completely."""

    observation: ObservedPartner
    requester: Person
    sponsor: Person
    plan: Plan
    template_title: str
    stages: tuple[Stage, ...]
    """Empty for a revocation: the right to revoke is checked when it is requested."""
    review_interval: timedelta | None
    findings: tuple[Finding, ...] = ()
    """What the approvers must know besides the plan."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of the users, groups and applications of our tenant in the plan, by id; for display."""
    restored: Restored | None = None
    """The change that a restore request undoes; None for every other kind."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """The hash of the definition of each role in the stages; empty in requests of earlier versions."""
    chain_rule: ChainRule | None = None
    """Which rule asks for the stages; None for a revocation and in requests of earlier versions."""
    authors: tuple[Person, ...] = ()
    """Who made the settings that are adopted. A person without a chat user has an empty chat id."""
    partner_sponsors: tuple[Person, ...] = ()
    """Who is the partner's sponsor on record, or was in the last 90 days. Empty for a partner without a record."""
    submitter: Person | None = None
    """Who sent the request on behalf of the requester; None when the requester did."""
    relations: Relations = NO_RELATIONS
    """Who has the relation roles of the stages. It is who is asked; decisions and the write read it again."""
    remind_after: tuple[int, ...] = USUAL_REMINDERS
    """After how many working days the approvers are reminded."""

    @property
    def excluded(self) -> frozenset[PersonId]:
        """Return the accounts of the requester, the submitter, the sponsors and the authors, who may not decide."""
        submitter = () if self.submitter is None else (self.submitter,)
        others = (*submitter, *self.authors, *self.partner_sponsors)
        return frozenset({self.requester.id, self.sponsor.id, *(person.id for person in others)})


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRecord:
    """Who edited a request, and when."""

    person: Person
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesRequested:
    """An approver asked the requester to change the request. It counts until the next edit or plan."""

    person: Person
    text: str
    """What shall be changed. It comes from outside."""
    at: datetime
    remark: RemarkId
    """The remark that records it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An approver proposed to ask for less. Nothing changes until the requester accepts, which is an edit of theirs."""

    number: int
    """The number of the remark that records it: an answer to an earlier proposal is not taken for one to this."""
    person: Person
    fields: RequestFields
    """What would be asked for."""
    plan: Plan
    """The plan that would follow from it, as the tenant was read for the present plan."""
    template_title: str
    stages: tuple[Stage, ...]
    """The approval chain that would decide on it."""
    reason: str
    """Why less is enough. It comes from outside."""
    digest: Digest
    """The plan for which it was made. For another plan it is out of date."""
    at: datetime


class StopCause(StrEnum):
    """Why the clock of a request stopped. The values are stored."""

    QUESTION = "question"
    """An approver asked a question that is not answered."""
    NOBODY_CAN_DECIDE = "nobody_can_decide"
    """The roles of the open stage have too few people who may decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStop:
    """A period in which the time to decide does not pass."""

    cause: StopCause
    began_at: datetime
    ends_by: datetime
    """When it ends at the latest."""
    deadline: datetime
    """When the request would have expired without it."""
    ended_at: datetime | None = None
    """None while the clock is stopped."""


class EscalationStep(StrEnum):
    """Who is asked or told when a stage waits too long, in this order. The values are stored."""

    ALTERNATES = "alternates"
    """The members of the stage's alternates. From then on they may decide."""
    MANAGERS = "managers"
    """The managers of the approvers. Being told gives no right to decide."""
    ADMINS = "admins"
    """The admins, who can repair a role or reassign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """One step of the escalation of a stage."""

    stage: int
    """The index of the stage."""
    step: EscalationStep
    at: datetime
    told: tuple[Person, ...] = ()
    """Who was asked or told, once that is known."""
    skipped: tuple[Fact, ...] = ()
    """Why others were not told. The codes are `SkippedReason`."""


class SkippedReason(StrEnum):
    """Why somebody was not asked or told in a step of an escalation. The values are stored. Values: see each."""

    ROLE_EMPTY = "role_empty"
    """The role has nobody who may decide. Values: `role`."""
    NO_MANAGER = "no_manager"
    """Entra names no manager. Values: `name` (of the approver), as for every reason below."""
    DISABLED = "disabled"
    GUEST = "guest"
    NOT_IN_CHAT = "not_in_chat"
    EXCLUDED = "excluded"
    """The manager is the requester or a sponsor, or made the settings."""
    UNREADABLE = "unreadable"
    """The managers could not be read. No values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """When something is due while one stage waits. Computed with the organization's working days when it opens."""

    stage: int
    """The index of the stage."""
    asked_at: datetime
    reminders: tuple[datetime, ...] = ()
    escalations: tuple[datetime, ...] = ()
    """The time of each step of the escalation, see `deadlines.stage_times.steps_of`."""
    notice_at: datetime | None = None
    """When those who can decide and the requester are told that the request expires soon; None for no notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """A person asked for the same partner while this request was open, and supports it instead."""

    person: Person
    at: datetime
    reason: str = ""
    """Why they need it, too; empty when they gave no reason. Text from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRefusal:
    """Graph refused a write of the plan for good: nothing more is sent, and what is in the tenant is read."""

    reason: tuple[Fact, ...]
    accepted: int
    """How many operations of the plan Graph had accepted or shown before."""
    is_unsure: bool
    """Whether an earlier attempt sent a write whose result is not known. It may be shown late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """The complete record of a request. `version` increases with every stored change; an outdated write is refused."""

    id: RequestId
    version: int
    state: RequestState
    fields: RequestFields
    created_at: datetime
    changed_at: datetime
    expires_at: datetime
    """When an undecided request expires."""
    observation: ObservedPartner | None = None
    """The partner as the form read it, so that it need not be read again."""
    submitter: Person | None = None
    """The person who filed it, if that was checked before it was stored."""
    account: PersonId | None = None
    """The requester's account, if it was known when the request was filed. See `requester_account`."""
    prepared: PreparedRequest | None = None
    decisions: tuple[Decision, ...] = ()
    note: tuple[Fact, ...] = ()
    """Facts that explain the present state. Most codes are `NoteCode`."""
    asked_again: tuple[Fact, ...] = ()
    """Why approval was requested again; empty when it was requested only once."""
    drift: Drift | None = None
    """How the partner differed from the plan, when approval was requested again because of that."""
    round: int = 0
    """How often approval was requested again: each time a round with its own messages and decisions begins."""
    previously_shown: PreparedRequest | None = None
    """The plan that approvers saw before the present plan; None when there was none, or it was the same."""
    previous_fields: RequestFields | None = None
    """What the requester had filled in when approvers saw the earlier plan; None where that is still the same."""
    changes_requested: ChangesRequested | None = None
    """What an approver asked the requester to change; None when nobody waits for an edit."""
    proposal: Proposal | None = None
    """What an approver proposed to ask for instead; None when no proposal waits for an answer."""
    edits: tuple[EditRecord, ...] = ()
    """Who edited the request, the newest last. None of them may decide on it."""
    drafter: Person | None = None
    """Who gave the file of which it is a row, and may not decide; None when that is the requester, or not known."""
    supports: tuple[Support, ...] = ()
    """Who supports the request, the newest last. None of them may decide on it, and nobody is taken from the list."""
    void_decisions: tuple[Decision, ...] = ()
    """The decisions of earlier rounds, which no longer count."""
    writing_since: datetime | None = None
    """When the first write of the plan was about to be sent; None before. A later change may be our own write."""
    earlier_write_at: datetime | None = None
    """When an earlier plan of this request was sent, which may have taken effect; None when none was sent."""
    replans: int = 0
    """How often a revocation was planned again because somebody had changed the partner."""
    not_before: datetime | None = None
    """Not before this time is a revocation written that was planned again; None for no pause."""
    unconfirmed_since: datetime | None = None
    """Since when Graph has accepted every write but does not show the result; None before that."""
    resent_at: datetime | None = None
    """When the last decision was stored to send the accepted writes again; None when there was none."""
    confirmed_at: datetime | None = None
    """When the read-back showed the complete plan."""
    reminders: int = 0
    """How often the approvers were reminded in this round."""
    reminded_at: datetime | None = None
    """When they were last reminded in this round; None when never."""
    clock_stops: tuple[ClockStop, ...] = ()
    """The periods in which the time to decide did not pass, of all rounds, oldest first."""
    escalations: tuple[Escalation, ...] = ()
    """The steps of the escalation in this round, oldest first."""
    stage_times: StageTimes | None = None
    """When something is due in the open stage; None in records of earlier versions, and while nobody can decide yet."""
    expiry_told_at: datetime | None = None
    """When everybody was told in this round that it expires soon; None before."""
    lifetime: timedelta | None = None
    """How long this round may last; None in records of earlier versions."""
    not_closed: tuple[OpenAccess, ...] | None = None
    """After closing, the access that is not certainly closed; None when that was not checked."""
    refused: tuple[RefusedWrite, ...] = ()
    """The writes that Graph may refuse and that did not take effect."""
    write_refusal: WriteRefusal | None = None
    """The refusal after which nothing more of the plan is sent; None when no write was refused for good."""
    sent: tuple[SentWrite, ...] = ()
    """The writes that Graph accepted, with the ids of the calls; empty where no id is known."""
    batch: BatchId | None = None
    """The batch whose decision decides on it; None for a request that is decided alone."""
    left_batch: BatchId | None = None
    """The batch that it belonged to before it went on alone."""
    reassignments: tuple[Reassignment, ...] = ()
    """The approvals that admins reassigned, the newest last. None of these admins may decide on it."""
    remarks: tuple[Remark, ...] = ()
    """The questions, answers and comments of people about it, oldest first. An edit and a new plan keep them."""
    applied_part: int = 0
    """When it ended with only a part of the plan in the tenant: how many operations were read back. Otherwise 0."""
    accounts: AccountProgress | None = None
    """How far its guest accounts are written; None before the first one, and for every other request."""

    @property
    def is_terminal(self) -> bool:
        """Return whether the request has ended."""
        return self.state in TERMINAL

    @property
    def clock_stop(self) -> ClockStop | None:
        """Return the present stop of the clock; None while it runs."""
        return next((stop for stop in self.clock_stops[-1:] if stop.ended_at is None), None)

    @property
    def escalated(self) -> tuple[int, ...]:
        """Return the indexes of the stages whose alternates were asked, and may decide."""
        return tuple(one.stage for one in self.escalations if one.step is EscalationStep.ALTERNATES)

    @property
    def is_block_at_end(self) -> bool:
        """Return whether Gatehouse created this revocation at the end of the access period."""
        return self.fields.period_ended_at is not None

    @property
    def is_own_closing(self) -> bool:
        """Return whether Gatehouse created this revocation by itself: at the end of the access, or for silence."""
        return self.is_block_at_end or self.fields.silent_since is not None

    @property
    def is_suspension(self) -> bool:
        """Return whether this revocation is meant to be lifted."""
        return self.fields.kind is RequestKind.REVOCATION and self.fields.closing is Closing.SUSPEND

    @property
    def was_written(self) -> bool:
        """Return whether its plan, or a part of it, was read back, or somebody changed the partner after it was sent.

        Only then the partner's record was changed by this request, and a later request can replace that result.
        """
        if self.fields.account_change is not None:
            return False  # it changes no settings of the partner
        return self.state in (RequestState.APPLIED, RequestState.OVERWRITTEN) or self.applied_part > 0

    @property
    def was_sent(self) -> bool:
        """Return whether a write of any plan of this request was sent, to the partner's settings."""
        if self.fields.account_change is not None:
            return False
        return self.writing_since is not None or self.earlier_write_at is not None

    @property
    def plan(self) -> Plan:
        """Return the present plan.

        :raises Refused: while there is no plan yet.
        """
        return self.require_prepared().plan

    def require_prepared(self) -> PreparedRequest:
        """Return the result of preparing.

        :raises Refused: while there is no plan yet.
        """
        if self.prepared is None:
            raise Refused(RefusalCode.NOT_PREPARED)
        return self.prepared

    @property
    def editors(self) -> tuple[Person, ...]:
        """Return the people who edited this request."""
        return tuple(edit.person for edit in self.edits)

    @property
    def drafters(self) -> tuple[Person, ...]:
        """Return who gave the file of which it is a row, if that is not the requester."""
        return () if self.drafter is None else (self.drafter,)

    @property
    def supporters(self) -> tuple[Person, ...]:
        """Return the people who support this request."""
        return tuple(support.person for support in self.supports)

    @property
    def taking_part(self) -> tuple[Person, ...]:
        """Return everybody who takes part in this request, and so neither decides nor chooses who decides.

        :raises Refused: while there is no plan yet.
        """
        prepared = self.require_prepared()
        sent_by = () if prepared.submitter is None else (prepared.submitter,)
        asking = (prepared.requester, prepared.sponsor, *sent_by, *self.editors, *self.drafters, *self.supporters)
        return (*asking, *prepared.authors, *prepared.partner_sponsors)

    @property
    def submitter_account(self) -> PersonId | None:
        """Return the account of who sent it on behalf of the requester; None when nobody did, or it is not known."""
        submitter = None if self.prepared is None else self.prepared.submitter
        return None if submitter is None else submitter.id

    @property
    def requester_account(self) -> PersonId | None:
        """Return the requester's account; None when it is not known."""
        if self.prepared is not None:
            return self.prepared.requester.id
        return self.account if self.submitter is None else self.submitter.id

    def is_filed_by(self, chat_id: ChatId | None, account: PersonId | None = None) -> bool:
        """Return whether the given person filed this request: the requester, or who sent it on their behalf.

        A person may have two chat ids, so accounts are compared where they are known.
        """
        if self.is_requested_by(chat_id, account):
            return True
        is_same_id = chat_id is not None and chat_id == self.fields.submitter
        return is_same_id or (account is not None and account == self.submitter_account)

    def is_requested_by(self, chat_id: ChatId | None, account: PersonId | None = None) -> bool:
        """Return whether the given person is the requester."""
        return chat_id == self.fields.requester or (account is not None and account == self.requester_account)

    def verdict(self, current_roles: CurrentRoles | None = None) -> Verdict:
        """Evaluate the approval chain.

        :param current_roles: the current roles. None counts every decision without checking roles, which is only for
            display.
        :raises Refused: while there is no plan yet.
        """
        prepared = self.require_prepared()
        reassigners = (reassignment.by for reassignment in self.reassignments)
        named_by = (admin for holder in prepared.relations.holders for admin in holder.named_by)
        others = (*self.editors, *self.drafters, *self.supporters, *reassigners, *named_by)
        excluded = prepared.excluded | {person.id for person in others}
        return evaluate(
            prepared.stages,
            self.decisions,
            digest=prepared.plan.digest,
            excluded=excluded,
            current_roles=current_roles,
            escalated=self.escalated,
        )
