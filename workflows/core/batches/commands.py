"""Commands about a batch: what people do with it (`requests.commands.batch`), and what the bot does by itself.

Each class has one entry name in the audit log (`name`); a stored name never changes.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from workflows.core.batches.asked_row import AskedAccess, BatchSheet
from workflows.core.batches.batch import BatchRow, HaltRule, ListFile
from workflows.core.errors.facts import Fact, Facts, as_values
from workflows.core.people import Person
from workflows.core.policy.template import Stage
from workflows.core.requests.commands.audit_details import Details
from workflows.core.requests.commands.batch import AnswerHalt, ApproveBatch, RejectBatch, WithdrawBatch
from workflows.core.requests.request import BatchId, RequestKind
from workflows.core.settings.model import TenantId

_MAX_ASKED: Final = 1000
"""Of how many rows the audit entry of a draft says what they ask for: one entry must not become too large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftBatch:
    """Partners that one decision may decide are listed. Nothing is asked for yet."""

    name: Literal["draft_batch"] = field(default="draft_batch")
    batch_id: BatchId
    kind: RequestKind
    rows: tuple[BatchRow, ...]
    drafted_by: str
    lifetime: timedelta
    """How long the draft waits to be confirmed."""
    sheet: BatchSheet | None = None
    """The file that the draft was made of."""

    def audit_details(self) -> Details:
        """Return the partners, by what happens to them, what rows of a sheet ask for, and the file."""
        partners: dict[str, list[str]] = {}
        for row in self.rows:
            partners.setdefault(row.state.value, []).append(row.name)
        sheet = self.sheet
        file = {} if sheet is None else {"file": sheet.name, "sha256": sheet.sha256, "rows": sheet.rows}
        asked = [_asked(row, row.asked) for row in self.rows if row.is_asked and row.asked is not None]
        rows = {"asked": asked[:_MAX_ASKED], "not_listed": max(0, len(asked) - _MAX_ASKED)} if asked else {}
        return {"batch": self.batch_id, "kind": self.kind.value, "partners": partners, **file, **rows}


def _asked(row: BatchRow, asked: AskedAccess) -> list[str | int | None]:
    """Return number, partner, template and days of a row, and who is its sponsor, if it names one."""
    days = None if asked.duration is None else asked.duration.days
    return [asked.row, row.name, asked.template, days, None if asked.sponsor is None else asked.sponsor.id]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmDraft:
    """A person asks for what the draft shows, and is its requester from now on."""

    name: Literal["confirm_draft"] = field(default="confirm_draft")
    actor: Person
    batch_id: BatchId
    shown_version: int
    """The version of the draft that the window showed."""
    sponsor: Person
    justification: str
    duration: timedelta | None
    """None for a sheet: each row has its own."""
    lifetime: timedelta
    """How long the batch may stay undecided."""
    drafter: Person | None = None
    """Who gave the file; None when that is the requester, or not known."""
    rows: Mapping[TenantId, BatchRow] = field(default_factory=dict)
    """The rows that changed since the draft: a sponsor was found, or nothing is asked for it any more, with the reason.
    """

    def audit_details(self) -> Details:
        """Return what was asked for, and for which rows nothing was asked any more."""
        not_asked = {row.name: as_values(row.reason) for row in self.rows.values() if not row.is_asked}
        return {
            "batch": self.batch_id,
            "justification": self.justification,
            "sponsor": self.sponsor.chat_id,
            **({} if self.duration is None else {"days": self.duration.days}),
            "account": self.actor.id,
            **({} if self.drafter is None else {"drafter": self.drafter.id}),
            **({"not_asked": not_asked} if not_asked else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRows:
    """What happened to some rows: a member was planned, left the batch, was applied, or ended."""

    name: Literal["record_rows"] = field(default="record_rows")
    batch_id: BatchId
    rows: Mapping[TenantId, BatchRow]
    """The changed rows."""

    def audit_details(self) -> Details:
        """Return how many rows are in which state, and each row that is not as planned."""
        states = Counter(row.state.value for row in self.rows.values())
        others = {
            row.name: {"state": row.state.value, "request": row.request_id, "reason": as_values(row.reason)}
            for row in self.rows.values()
            if row.reason
        }
        return {"batch": self.batch_id, "rows": dict(states), **({"not_together": others} if others else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordBatchPrepared:
    """Every row is planned, goes on alone or has ended. Approval is requested for the members."""

    name: Literal["record_batch_prepared"] = field(default="record_batch_prepared")
    batch_id: BatchId
    stages: tuple[Stage, ...]
    roles: Mapping[str, str]
    """The hash of the definition of each role in the stages."""
    templates: Mapping[str, str]
    """The content hash of each template whose chain decides on a member."""
    remind_after: tuple[int, ...] = ()
    """After how many working days the approvers of a stage are reminded."""
    problem: Fact | None = None
    """Why too few people could decide on the members together; None when enough can."""

    def audit_details(self) -> Details:
        """Return the approval chain."""
        chain = [[one.title, one.role, one.quorum] for one in self.stages]
        problem = {} if self.problem is None else {"problem": self.problem.as_value()}
        return {"batch": self.batch_id, "chain": chain, **problem}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordListUploaded:
    """The list of the members is uploaded, so that the batch can be decided."""

    name: Literal["record_list_uploaded"] = field(default="record_list_uploaded")
    batch_id: BatchId
    file: ListFile

    def audit_details(self) -> Details:
        """Return the file, its hash, and the digest that it lists."""
        return {
            "batch": self.batch_id,
            "file": self.file.file_id,
            "sha256": self.file.sha256,
            "digest": self.file.digest,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordListNotUploaded:
    """The list of the members could not be uploaded. Nobody can decide until it is."""

    name: Literal["record_list_not_uploaded"] = field(default="record_list_not_uploaded")
    batch_id: BatchId
    reason: Facts

    def audit_details(self) -> Details:
        """Return the reason."""
        return {"batch": self.batch_id, "reason": as_values(self.reason)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpireBatch:
    """Nobody confirmed the draft, decided on the batch, or answered its halt, in time."""

    name: Literal["expire_batch"] = field(default="expire_batch")
    batch_id: BatchId
    is_void: bool = False
    """Whether it is from before a held start, so that nobody can decide on it any more, in whatever time."""
    is_unproven: bool = False
    """Whether something other than Gatehouse changed it, and two admins have ended the freeze about that."""

    def audit_details(self) -> Details:
        """Return the batch, and whether it is void, or not believed."""
        flags = {"is_void": self.is_void, "is_unproven": self.is_unproven}
        return {"batch": self.batch_id, **{name: True for name, is_set in flags.items() if is_set}}


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindBatchApprovers:
    """The approvers of the open stage have not decided for some time."""

    name: Literal["remind_batch_approvers"] = field(default="remind_batch_approvers")
    batch_id: BatchId

    def audit_details(self) -> Details:
        """Return the batch."""
        return {"batch": self.batch_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenBatch:
    """It was found before the next members were recorded that an approval no longer counts."""

    name: Literal["reopen_batch"] = field(default="reopen_batch")
    batch_id: BatchId
    reason: Facts

    def audit_details(self) -> Details:
        """Return the reason."""
        return {"batch": self.batch_id, "reason": as_values(self.reason)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBatchAgain:
    """A template or a role was changed. Every member is planned again, and approval is requested again."""

    name: Literal["plan_batch_again"] = field(default="plan_batch_again")
    batch_id: BatchId
    reason: Facts

    def audit_details(self) -> Details:
        """Return the reason."""
        return {"batch": self.batch_id, "reason": as_values(self.reason)}


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltBatch:
    """Too many members could not be applied, so the others wait until an admin has decided."""

    name: Literal["halt_batch"] = field(default="halt_batch")
    batch_id: BatchId
    rule: HaltRule
    tried: int = 0
    """How many members the run had tried when that was found."""
    failed: int = 0
    """How many of them could not be applied as approved."""

    def audit_details(self) -> Details:
        """Return the batch, the rule, and how many members were tried and failed."""
        counts = {"tried": self.tried, "failed": self.failed}
        return {"batch": self.batch_id, "percent": self.rule.percent, "at_least": self.rule.at_least, **counts}


BatchCommand = (
    DraftBatch
    | ConfirmDraft
    | RecordRows
    | RecordBatchPrepared
    | RecordListUploaded
    | RecordListNotUploaded
    | ApproveBatch[Person]
    | RejectBatch[Person]
    | WithdrawBatch
    | ExpireBatch
    | RemindBatchApprovers
    | ReopenBatch
    | PlanBatchAgain
    | HaltBatch
    | AnswerHalt[Person]
)
