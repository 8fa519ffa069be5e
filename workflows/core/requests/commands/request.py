"""Everything that can happen to a request; long, because it is the whole list. Partnerships: `partner_commands`.

One class is one entry name in the audit log (`name`): a stored name is never changed. What a person does is one class
from the click to the audit log, generic in its actor: `Approve[ChatId]` is stored as it was clicked, and only
`Approve[Person]`, which the permission check makes of it, is a `RequestCommand`.

`audit_details` says what the audit log keeps of a command beside what every entry has, in the order in which it is
written; `after` is the request as the command left it, None where it is only clicked.
"""

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, Generic, Literal, TypeAlias

from workflows.core.people import Actor, ChatId, Person, PersonId
from workflows.core.plans.drift import Drift
from workflows.core.plans.refused_writes import RefusedWrite
from workflows.core.requests.request import AccessRequest, Observation, Particulars, Prepared, RequestId
from workflows.core.settings.canonical import Digest, JsonObject
from workflows.core.settings.model import TenantId

Details: TypeAlias = dict[str, Any]
"""What an audit entry says of one command; written as JSON."""


def account_details(actor: ChatId | Person) -> Details:
    """Name the account behind a command; nothing where only a chat id is known."""
    return {"account": actor.id} if isinstance(actor, Person) else {}


def clicked_details(**said: str) -> Details:
    """Leave out what a click did not say."""
    return {name: value for name, value in said.items() if value}


def _plan(request: AccessRequest) -> Details:
    return {} if request.prepared is None else {"digest": request.prepared.plan.digest}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """Somebody asked for a change. `observation` spares a second look where the form has just had one."""

    name: Literal["submit"] = field(default="submit")
    request_id: RequestId
    particulars: Particulars
    lifetime: timedelta
    """How long it may stay undecided."""
    observation: Observation | None = None
    submitter: Person | None = None
    account: PersonId | None = None
    """The requester's, where it was known when it was filed."""

    def audit_details(self, after: AccessRequest) -> Details:
        """State what was asked for."""
        asked = self.particulars
        details: Details = {
            "kind": asked.kind.value,
            "target": asked.target,
            "template": asked.template,
            "justification": asked.justification,
            "sponsor": asked.sponsor,
            "days": None if asked.duration is None else asked.duration.days,
        }
        return details if asked.restores is None else {**details, "restores": asked.restores}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPrepared:
    """People, tenant and plan are known."""

    name: Literal["record_prepared"] = field(default="record_prepared")
    prepared: Prepared

    def audit_details(self, after: AccessRequest) -> Details:
        """Add nothing: the request shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUnfit:
    """The request can never become a plan."""

    name: Literal["record_unfit"] = field(default="record_unfit")
    code: str
    reason: str

    def audit_details(self, after: AccessRequest) -> Details:
        """Say why, in words and as a code."""
        return {"reason": self.reason, "code": self.code}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDelayed:
    """A service does not answer; the request waits and says so."""

    name: Literal["record_delayed"] = field(default="record_delayed")
    reason: str

    def audit_details(self, after: AccessRequest) -> Details:
        """State what it waits for."""
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Generic[Actor]):
    """An approver agrees to exactly the plan with this digest, which the card showed."""

    name: Literal["approve"] = field(default="approve")
    actor: Actor
    request_id: RequestId
    digest: Digest
    channel: str = ""
    """Where it was clicked: there a refusal is told. The same in every command that has one."""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Name the plan, and the account once it is known."""
        return {**clicked_details(digest=self.digest), **account_details(self.actor)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Generic[Actor]):
    """An approver refuses the plan with this digest, which the card showed, and says why."""

    name: Literal["reject"] = field(default="reject")
    actor: Actor
    request_id: RequestId
    digest: Digest
    reason: str
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Name the plan and the reason, and the account once it is known."""
        return {**clicked_details(digest=self.digest, reason=self.reason), **account_details(self.actor)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """The requester takes the request back. A chat id suffices: one may always take back one's own."""

    name: Literal["withdraw"] = field(default="withdraw")
    actor: ChatId
    request_id: RequestId
    is_requester: bool = False
    """Whether the accounts behind both chat ids were read and are one: a person may have two chat ids. Only the
    permission check says so; a click never does."""
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Add nothing: the request shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """Nobody decided in time."""

    name: Literal["expire"] = field(default="expire")

    def audit_details(self, after: AccessRequest) -> Details:
        """Add nothing: the request shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replan:
    """What was shown is no longer what would happen: make a new plan and ask again."""

    name: Literal["replan"] = field(default="replan")
    reason: str
    drift: Drift | None = None
    """How the partner changed, where that is the reason."""
    is_unwritten: bool = False
    """Whether it is certain that nothing of the plan stands: none of it was sent, or the first write was refused."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Say why, and how the partner changed where that is the reason."""
        return {"reason": self.reason, **({} if self.drift is None else {"drift": asdict(self.drift)})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """An approval no longer counts, found just before applying."""

    name: Literal["reopen"] = field(default="reopen")
    reason: str

    def audit_details(self, after: AccessRequest) -> Details:
        """Say why."""
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The partner is no longer who was approved, or an admin revoked it meanwhile."""

    name: Literal["stop"] = field(default="stop")
    reason: str

    def audit_details(self, after: AccessRequest) -> Details:
        """Say why."""
        return {"reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWriting:
    """The first write of the plan is about to be sent."""

    name: Literal["record_writing"] = field(default="record_writing")

    def audit_details(self, after: AccessRequest) -> Details:
        """Name the plan that is written."""
        return _plan(after)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOverwritten:
    """A write of ours was sent, and what stands now is neither the plan nor a step of it; `image` is what was read."""

    name: Literal["record_overwritten"] = field(default="record_overwritten")
    image: JsonObject | None

    def audit_details(self, after: AccessRequest) -> Details:
        """State what was read, and name the plan that was written."""
        return {**({} if self.image is None else {"image": self.image}), **_plan(after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUnseen:
    """Every write was taken, but the read-back does not show it yet."""

    name: Literal["record_unseen"] = field(default="record_unseen")

    def audit_details(self, after: AccessRequest) -> Details:
        """Add nothing: the request shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResent:
    """What Graph took and does not show is about to be sent again."""

    name: Literal["record_resent"] = field(default="record_resent")
    reason: str

    def audit_details(self, after: AccessRequest) -> Details:
        """Say why, and name the plan that is sent again."""
        return {"reason": self.reason, **_plan(after)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordApplied:
    """The read-back shows every required write of the plan; `image` is what was read."""

    name: Literal["record_applied"] = field(default="record_applied")
    image: JsonObject
    refused: tuple[RefusedWrite, ...] = ()
    """The writes that may be refused and do not stand."""
    default: JsonObject | None = None
    """The tenant's default as read after that; None where it was not read, so what is inherited is not known."""

    def audit_details(self, after: AccessRequest) -> Details:
        """State what was read, name the plan, and say what stays open or was not taken."""
        left, refused = after.not_closed, [asdict(one) for one in after.refused]
        return {
            "image": self.image,
            **_plan(after),
            **({} if left is None else {"not_closed": {way.name: way.opening.value for way in left}}),
            **({"refused": refused} if refused else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordApplyFailed:
    """Graph refused a write for good."""

    name: Literal["record_apply_failed"] = field(default="record_apply_failed")
    reason: str

    def audit_details(self, after: AccessRequest) -> Details:
        """Say why, and name the plan that was written."""
        return {"reason": self.reason, **_plan(after)}


RequestCommand = (
    Submit
    | RecordPrepared
    | RecordUnfit
    | RecordDelayed
    | Approve[Person]
    | Reject[Person]
    | Withdraw
    | Expire
    | Replan
    | Reopen
    | Stop
    | RecordWriting
    | RecordOverwritten
    | RecordUnseen
    | RecordResent
    | RecordApplied
    | RecordApplyFailed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a command is about; exactly one of the two is set."""

    request_id: RequestId | None = None
    tenant_id: TenantId | None = None
