"""All commands about a request. The file is long because it is the complete list. Partnerships: `partner`.

Each class has one entry name in the audit log (`name`); a stored name never changes. What a person does is one class
from the click to the audit log, generic in its actor. `Approve[ChatId]` is stored as clicked. The permission check
turns it into `Approve[Person]`, and only that is a `RequestCommand`.

`audit_details` returns the details of a command for its audit entry. Its argument `after` is the request after the
command; None while it is only a click.
"""

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, Generic, Literal, TypeAlias

from workflows.core.errors.facts import Fact, as_values
from workflows.core.people import Actor, ChatId, Person, PersonId
from workflows.core.plans.drift import Drift
from workflows.core.plans.refused_writes import RefusedWrite
from workflows.core.requests.commands.editing import changed_values
from workflows.core.requests.request import (
    AccessRequest,
    ObservedPartner,
    Particulars,
    Prepared,
    RequestId,
    WriteRefusal,
)
from workflows.core.settings.canonical import Digest, JsonObject
from workflows.core.settings.model import TenantId

Details: TypeAlias = dict[str, Any]
"""What an audit entry contains about one command; written as JSON."""


def account_details(actor: ChatId | Person) -> Details:
    """Return the account behind a command; empty when only a chat id is known."""
    return {"account": actor.id} if isinstance(actor, Person) else {}


def clicked_details(**said: str) -> Details:
    """Return the given details without the empty ones."""
    return {name: value for name, value in said.items() if value}


def _plan(request: AccessRequest) -> Details:
    return {} if request.prepared is None else {"digest": request.prepared.plan.digest}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """A person requests a change. `observation` is the partner as the form read it; it saves a second read."""

    name: Literal["submit"] = field(default="submit")
    request_id: RequestId
    particulars: Particulars
    lifetime: timedelta
    """How long the request may stay undecided."""
    observation: ObservedPartner | None = None
    submitter: Person | None = None
    account: PersonId | None = None
    """The requester's account, if it was known when the request was filed."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return what was requested."""
        asked = self.particulars
        details: Details = {
            "kind": asked.kind.value,
            "target": asked.target,
            "template": asked.template,
            "justification": asked.justification,
            "sponsor": asked.sponsor,
            "days": None if asked.duration is None else asked.duration.days,
        }
        if asked.ends_at is not None:
            details["ends_at"] = asked.ends_at.isoformat()
        if asked.ticket:
            details["ticket"] = asked.ticket
        return details if asked.restores is None else {**details, "restores": asked.restores}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPrepared:
    """People, tenant and plan are known."""

    name: Literal["record_prepared"] = field(default="record_prepared")
    prepared: Prepared

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

    def audit_details(self, after: AccessRequest) -> Details:
        """Return what it waits for."""
        return {"reason": as_values(self.reason)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Generic[Actor]):
    """An approver approves exactly the plan with this digest, which the card showed."""

    name: Literal["approve"] = field(default="approve")
    actor: Actor
    request_id: RequestId
    digest: Digest
    channel: str = ""
    """The channel of the click, in which a refusal is shown. This is the same for every command with this field."""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return the plan's digest, and the account once it is known."""
        return {**clicked_details(digest=self.digest), **account_details(self.actor)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Generic[Actor]):
    """An approver rejects the plan with this digest, which the card showed, and gives the reason."""

    name: Literal["reject"] = field(default="reject")
    actor: Actor
    request_id: RequestId
    digest: Digest
    reason: str
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return the plan's digest and the reason, and the account once it is known."""
        return {**clicked_details(digest=self.digest, reason=self.reason), **account_details(self.actor)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """The requester withdraws the request. A chat id is enough: everybody may always withdraw their own request."""

    name: Literal["withdraw"] = field(default="withdraw")
    actor: ChatId
    request_id: RequestId
    is_requester: bool = False
    """Whether both chat ids belong to one account. Only the permission check sets it, after reading the accounts."""
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return nothing: the request shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The requester changes what is asked for. It is planned again, and everybody decides on the new plan."""

    name: Literal["edit"] = field(default="edit")
    actor: Person
    request_id: RequestId
    digest: Digest
    """The plan that the window for editing was opened on."""
    wanted: Particulars
    """What is filled in now. Its partner, kind and requester are not used: they cannot be changed."""
    observation: ObservedPartner
    """The partner as the form just read it."""
    lifetime: timedelta
    """How long the request may stay undecided from now on."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the digest of the plan that is given up, and each changed field before and after."""
        was = after.seen_particulars or after.particulars
        return {"digest": self.digest, "changed": changed_values(was, after.particulars)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindApprovers:
    """Remind the approvers of a request that waits: a reminder is due, or its requester asks for one."""

    name: Literal["remind_approvers"] = field(default="remind_approvers")
    actor: ChatId | None = None
    """The requester who asks for it; None when the reminder is due."""
    is_requester: bool = False
    """As in `Withdraw`: whether the accounts were read and are the same."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the number of reminders, including this one."""
        return {"reminders": after.reminders}


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
    is_unwritten: bool = False
    """Whether certainly no part of the plan took effect: nothing was sent, or Graph refused the first write."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, and how the partner changed when that is the reason."""
        return {"reason": as_values(self.reason), **({} if self.drift is None else {"drift": asdict(self.drift)})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """It was found before the first write that an approval no longer counts."""

    name: Literal["reopen"] = field(default="reopen")
    reason: tuple[Fact, ...]

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason."""
        return {"reason": as_values(self.reason)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The name belongs to another tenant than the approved one, an admin revoked the partner, or it is too late."""

    name: Literal["stop"] = field(default="stop")
    reason: tuple[Fact, ...]
    image: JsonObject | None = None
    """What was read, when a part of the plan is in the tenant."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, and what was read when a part of the plan is in the tenant."""
        return {"reason": as_values(self.reason), **({} if self.image is None else {"image": self.image})}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWriting:
    """The first write of the plan will be sent next."""

    name: Literal["record_writing"] = field(default="record_writing")

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the digest of the plan that is written."""
        return _plan(after)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOverwritten:
    """A write was sent, but the current settings (`image`) are no state of the plan: somebody else changed them."""

    name: Literal["record_overwritten"] = field(default="record_overwritten")
    image: JsonObject | None

    def audit_details(self, after: AccessRequest) -> Details:
        """Return what was read, and the digest of the written plan."""
        return {**({} if self.image is None else {"image": self.image}), **_plan(after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUnseen:
    """Graph accepted every write, but the read-back does not show it yet."""

    name: Literal["record_unseen"] = field(default="record_unseen")

    def audit_details(self, after: AccessRequest) -> Details:
        """Return nothing: the request shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResent:
    """The writes that Graph accepted but does not show will be sent again next."""

    name: Literal["record_resent"] = field(default="record_resent")
    reason: tuple[Fact, ...]

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, and the digest of the plan that is sent again."""
        return {"reason": as_values(self.reason), **_plan(after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordApplied:
    """The read-back (`image`) shows every required write of the plan."""

    name: Literal["record_applied"] = field(default="record_applied")
    image: JsonObject
    refused: tuple[RefusedWrite, ...] = ()
    """The writes that Graph may refuse and that did not take effect."""
    default: JsonObject | None = None
    """The tenant's default as it was read after the writes; None when it could not be read."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the read-back, the plan's digest, the access that stays open, and the writes without effect."""
        left, refused = after.not_closed, [asdict(one) for one in after.refused]
        return {
            "image": self.image,
            **_plan(after),
            **({} if left is None else {"not_closed": {kind.name: kind.opening.value for kind in left}}),
            **({"refused": refused} if refused else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRefusal:
    """Graph refused a write permanently. What is in the tenant is read next; nothing more is sent."""

    name: Literal["record_refusal"] = field(default="record_refusal")
    refusal: WriteRefusal

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, how many writes were accepted before, and the digest of the written plan."""
        refusal = self.refusal
        return {"reason": as_values(refusal.reason), "accepted": refusal.accepted, **_plan(after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordApplyFailed:
    """The plan is not written any further, because Graph refused a write permanently, or the partner is unfit."""

    name: Literal["record_apply_failed"] = field(default="record_apply_failed")
    reason: tuple[Fact, ...]
    image: JsonObject | None = None
    """What was read, when a part of the plan is in the tenant."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the reason, what was read when a part is in the tenant, and the digest of the written plan."""
        image = {} if self.image is None else {"image": self.image}
        return {"reason": as_values(self.reason), **image, **_plan(after)}


RequestCommand = (
    Submit
    | RecordPrepared
    | RecordUnfit
    | RecordDelayed
    | Approve[Person]
    | Reject[Person]
    | Withdraw
    | Edit
    | RemindApprovers
    | Expire
    | Replan
    | Reopen
    | Stop
    | RecordWriting
    | RecordOverwritten
    | RecordUnseen
    | RecordResent
    | RecordApplied
    | RecordRefusal
    | RecordApplyFailed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSubject:
    """What a command is about. Exactly one of the two fields is set."""

    request_id: RequestId | None = None
    tenant_id: TenantId | None = None
