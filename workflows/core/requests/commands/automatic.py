"""Commands about a request that the bot gives by itself: what it read and wrote, and what follows from that.

What people do is in `request`. It is long because every command has its audit details.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.people import Person, PersonId
from workflows.core.plans.accounts import AccountEnd, AccountResult
from workflows.core.plans.drift import Drift
from workflows.core.plans.plan import SentWrite
from workflows.core.plans.writes.refused_writes import RefusedWrite
from workflows.core.policy.approval import Decision
from workflows.core.policy.relations import Relations
from workflows.core.policy.template import Stage
from workflows.core.requests.commands.audit_details import Details, configuration_details, plan_digest, sent_details
from workflows.core.requests.request import AccessRequest, BatchId, PreparedRequest, RequestState, WriteRefusal
from workflows.core.settings.canonical import Digest, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPrepared:
    """People, tenant and plan are known."""

    name: Literal["record_prepared"] = field(default="record_prepared")
    prepared: PreparedRequest

    def audit_details(self, after: AccessRequest) -> Details:
        """Return nothing: the request shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUnfit:
    """No plan can be made for the request."""

    name: Literal["record_unfit"] = field(default="record_unfit")
    code: str
    reason: tuple[Fact, ...]
    edition: int = 0
    """How often the request had been edited when that was found."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, and its code."""
        return {"reason": as_values(self.reason), "code": self.code}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDelayed:
    """Another system does not answer. The request waits, and its card shows that."""

    name: Literal["record_delayed"] = field(default="record_delayed")
    reason: tuple[Fact, ...]
    has_sent_nothing: bool = False
    """Whether the first write of the plan was certainly not carried out, so that every check is made again before it.
    """

    def audit_details(self, after: AccessRequest) -> Details:
        """Return what it waits for, and whether the first write was certainly not carried out."""
        return {"reason": as_values(self.reason), **({"has_sent_nothing": True} if self.has_sent_nothing else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """Nobody decided in time."""

    name: Literal["expire"] = field(default="expire")

    def audit_details(self, after: AccessRequest) -> Details:
        """Return nothing: the request shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replan:
    """The approved or shown plan is out of date. A new plan is made, and approval is requested again."""

    name: Literal["replan"] = field(default="replan")
    reason: tuple[Fact, ...]
    drift: Drift | None = None
    """How the partner changed, when that is the reason."""
    stays_in_batch: bool = False
    """Whether the whole batch of the request is planned again, so that it stays a member."""
    has_written_nothing: bool = False
    """Whether certainly no part of the plan took effect: nothing was sent, or Graph refused the first write."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, and how the partner changed when that is the reason."""
        return {"reason": as_values(self.reason), **({} if self.drift is None else {"drift": asdict(self.drift)})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """It was found before the first write that an approval no longer counts."""

    name: Literal["reopen"] = field(default="reopen")
    reason: tuple[Fact, ...]
    relations: Relations | None = None
    """Who has the relation roles of the stages now; None when that was not read, and nothing changes."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason."""
        return {"reason": as_values(self.reason)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The name belongs to another tenant than the approved one, an admin revoked the partner, or it is too late."""

    name: Literal["stop"] = field(default="stop")
    reason: tuple[Fact, ...]
    configuration: JsonObject | None = None
    """What was read, when a part of the plan is in the tenant."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, and what was read when a part of the plan is in the tenant."""
        return {
            "reason": as_values(self.reason),
            **configuration_details(self.configuration),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWriting:
    """The first write of the plan will be sent next."""

    name: Literal["record_writing"] = field(default="record_writing")

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the digest of the plan that is written."""
        return plan_digest(after)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOverwritten:
    """A write was sent, but the current settings are no state of the plan: somebody else changed them."""

    name: Literal["record_overwritten"] = field(default="record_overwritten")
    configuration: JsonObject | None

    def audit_details(self, after: AccessRequest) -> Details:
        """Return what was read, and the digest of the written plan."""
        return {**configuration_details(self.configuration), **plan_digest(after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUnseen:
    """Graph accepted every write, but the read-back does not show it yet."""

    name: Literal["record_unseen"] = field(default="record_unseen")
    sent: tuple[SentWrite, ...] = ()
    """The writes that Graph has just accepted, with their ids."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the ids of the writes; the request shows the rest."""
        return sent_details(self.sent)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResent:
    """The writes that Graph accepted but does not show will be sent again next."""

    name: Literal["record_resent"] = field(default="record_resent")
    reason: tuple[Fact, ...]

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, and the digest of the plan that is sent again."""
        return {"reason": as_values(self.reason), **plan_digest(after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordApplied:
    """The read-back shows every required write of the plan."""

    name: Literal["record_applied"] = field(default="record_applied")
    configuration: JsonObject
    refused: tuple[RefusedWrite, ...] = ()
    """The writes that Graph may refuse and that did not take effect."""
    default: JsonObject | None = None
    """The tenant's default as it was read after the writes; None when it could not be read."""
    sent: tuple[SentWrite, ...] = ()
    """The writes that Graph has just accepted, with their ids."""
    asks_attestation: bool = True
    """Whether the template asks for an attestation of the partner's MFA; also when the templates are not known."""
    are_capabilities_unread: bool = False
    """Whether Microsoft 365 capabilities were approved before, and could not be read back: they may be on."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the read-back, the digest, the access that stays open, the writes without effect, and the ids."""
        still_open, refused = after.not_closed, [asdict(refused_write) for refused_write in after.refused]
        return {
            **configuration_details(self.configuration),
            **plan_digest(after),
            **({} if still_open is None else {"not_closed": {kind.name: kind.opening.value for kind in still_open}}),
            **({"refused": refused} if refused else {}),
            **sent_details(self.sent),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRefusal:
    """Graph refused a write permanently. What is in the tenant is read next; nothing more is sent."""

    name: Literal["record_refusal"] = field(default="record_refusal")
    refusal: WriteRefusal

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, how many writes were accepted before, and the digest of the written plan."""
        refusal = self.refusal
        return {"reason": as_values(refusal.reason), "accepted": refusal.accepted, **plan_digest(after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordApplyFailed:
    """Writing the plan stops: Graph refused a write permanently, or the plan is not possible any more."""

    name: Literal["record_apply_failed"] = field(default="record_apply_failed")
    reason: tuple[Fact, ...]
    configuration: JsonObject | None = None
    """What was read, when a part of the plan is in the tenant."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, what was read when a part is in the tenant, and the digest of the written plan."""
        return {
            "reason": as_values(self.reason),
            **configuration_details(self.configuration),
            **plan_digest(after),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAccountsSending:
    """A group of guest accounts will be sent next."""

    name: Literal["record_accounts_sending"] = field(default="record_accounts_sending")
    ids: tuple[PersonId, ...]

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the accounts, and the digest of the plan that is written."""
        return {"accounts": list(self.ids), **plan_digest(after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAccountResults:
    """It is known what came of guest accounts: of a group that was sent, or of some that are left alone."""

    name: Literal["record_account_results"] = field(default="record_account_results")
    results: tuple[AccountResult, ...]
    not_written: tuple[PersonId, ...] = ()
    """The accounts that were sent and certainly not written, so that they are sent again later."""
    goes_on: bool = False
    """Whether the next group follows at once; otherwise what performs this one is tried again."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the accounts by what came of them, with the reasons, the ids of the calls, and the plan's digest."""
        ends = {end: [one.id for one in self.results if one.end is end] for end in AccountEnd}
        why = {
            one.id: [*([one.left.value] if one.left else []), *as_values(one.reason)]
            for one in self.results
            if one.left or one.reason
        }
        later = {"later": list(self.not_written)} if self.not_written else {}
        calls = {one.id: one.ids.request_id for one in self.results if one.ids.request_id}
        known = {end.value: ids for end, ids in ends.items() if ids}
        return {**known, **later, **({"said": why} if why else {}), "calls": calls, **plan_digest(after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAccountsRead:
    """Everything that was sent was read back, or cannot be read."""

    name: Literal["record_accounts_read"] = field(default="record_accounts_read")
    shown: tuple[PersonId, ...]
    """The accounts that are in the wished state."""
    not_shown: tuple[PersonId, ...] = ()
    is_last: bool = True
    """Whether it is not read again, although something is not shown."""
    unread: Facts = ()
    """Why nothing can be read, so that it stays unknown what took effect. Then no account is named."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the accounts that are shown, those that are not, why none can be read, and the plan's digest."""
        unread = {"unread": as_values(self.unread)} if self.unread else {}
        return {"shown": list(self.shown), "not_shown": list(self.not_shown), **unread, **plan_digest(after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSponsors:
    """The partner has another sponsor now. None of these people decides; an approval that one of them gave is void."""

    name: Literal["record_sponsors"] = field(default="record_sponsors")
    people: tuple[Person, ...]
    """The sponsor of the partner, and who was one lately."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the accounts of these people."""
        return {"accounts": [person.id for person in self.people]}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRelations:
    """Other people have the relation roles of a request now, such as the manager of its requester. They are asked."""

    name: Literal["record_relations"] = field(default="record_relations")
    relations: Relations

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the account of each role; None where nobody has it."""
        return {
            "accounts": {
                holder.role: None if holder.person is None else holder.person.id for holder in self.relations.holders
            }
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptBatchDecisions:
    """The batch of the request is approved: its decisions are those of the request. `batches.members` makes it."""

    name: Literal["accept_batch_decisions"] = field(default="accept_batch_decisions")
    batch: BatchId
    batch_digest: Digest
    """What the people approved."""
    plan_digest: Digest
    """The plan of this request that it contains."""
    stages: tuple[Stage, ...]
    """The approval chain of the batch."""
    roles: Mapping[str, str]
    """The hash of the definition of each role in the stages."""
    decisions: tuple[Decision, ...]
    """The decisions on the batch, each on the plan of this request."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the batch, both digests, and the accounts of those who decided."""
        return {
            "batch": self.batch,
            "batch_digest": self.batch_digest,
            "digest": self.plan_digest,
            "accounts": [decision.person.id for decision in self.decisions],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveBatch:
    """The request goes on alone, with its own card: it asks for its own approval, or its approved plan is applied."""

    name: Literal["leave_batch"] = field(default="leave_batch")
    reason: tuple[Fact, ...]

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, and the batch that it left."""
        return {"batch": after.left_batch, "reason": as_values(self.reason)}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWithBatch:
    """The batch was rejected, withdrawn or stopped, or expired: the request ends like it."""

    name: Literal["end_with_batch"] = field(default="end_with_batch")
    state: RequestState
    """`rejected`, `withdrawn`, `expired` or `stopped`."""
    note: tuple[Fact, ...]
    decisions: tuple[Decision, ...] = ()
    """The decisions on the batch, each on the plan of this request."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the batch and the reason."""
        return {"batch": after.batch or after.left_batch, "state": self.state.value, "reason": as_values(self.note)}
