"""Everything that can happen to a request. What can happen to a partnership is in `partner_commands`.

One class is one entry name in the audit log (`name`): a stored name is never changed. What a person does is one class
from the click to the audit log, generic in its actor: `Approve[ChatId]` is stored as it was clicked, and only
`Approve[Person]`, which the permission check makes of it, is a `RequestCommand`.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, Literal

from workflows.core.people import Actor, ChatId, Person, PersonId
from workflows.core.plans.drift import Drift
from workflows.core.plans.refused_writes import RefusedWrite
from workflows.core.requests.request import Observation, Particulars, Prepared, RequestId
from workflows.core.settings.canonical import Digest, JsonObject
from workflows.core.settings.model import TenantId


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPrepared:
    """People, tenant and plan are known."""

    name: Literal["record_prepared"] = field(default="record_prepared")
    prepared: Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUnfit:
    """The request can never become a plan."""

    name: Literal["record_unfit"] = field(default="record_unfit")
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDelayed:
    """A service does not answer; the request waits and says so."""

    name: Literal["record_delayed"] = field(default="record_delayed")
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Generic[Actor]):
    """An approver agrees to exactly the plan with this digest, which the card showed."""

    name: Literal["approve"] = field(default="approve")
    actor: Actor
    request_id: RequestId
    digest: Digest
    channel: str = ""
    """Where it was clicked: there a refusal is told. The same in every command that has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Generic[Actor]):
    """An approver refuses the plan with this digest, which the card showed, and says why."""

    name: Literal["reject"] = field(default="reject")
    actor: Actor
    request_id: RequestId
    digest: Digest
    reason: str
    channel: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Expire:
    """Nobody decided in time."""

    name: Literal["expire"] = field(default="expire")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replan:
    """What was shown is no longer what would happen: make a new plan and ask again."""

    name: Literal["replan"] = field(default="replan")
    reason: str
    drift: Drift | None = None
    """How the partner changed, where that is the reason."""
    is_unwritten: bool = False
    """Whether it is certain that nothing of the plan stands: none of it was sent, or the first write was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """An approval no longer counts, found just before applying."""

    name: Literal["reopen"] = field(default="reopen")
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The partner is no longer who was approved, or an admin revoked it meanwhile."""

    name: Literal["stop"] = field(default="stop")
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWriting:
    """The first write of the plan is about to be sent."""

    name: Literal["record_writing"] = field(default="record_writing")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOverwritten:
    """A write of ours was sent, and what stands now is neither the plan nor a step of it; `image` is what was read."""

    name: Literal["record_overwritten"] = field(default="record_overwritten")
    image: JsonObject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUnseen:
    """Every write was taken, but the read-back does not show it yet."""

    name: Literal["record_unseen"] = field(default="record_unseen")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResent:
    """What Graph took and does not show is about to be sent again."""

    name: Literal["record_resent"] = field(default="record_resent")
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordApplied:
    """The read-back shows every required write of the plan; `image` is what was read."""

    name: Literal["record_applied"] = field(default="record_applied")
    image: JsonObject
    refused: tuple[RefusedWrite, ...] = ()
    """The writes that may be refused and do not stand."""
    default: JsonObject | None = None
    """The tenant's default as read after that; None where it was not read, so what is inherited is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordApplyFailed:
    """Graph refused a write for good."""

    name: Literal["record_apply_failed"] = field(default="record_apply_failed")
    reason: str


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
