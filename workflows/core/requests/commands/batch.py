"""The commands by which people decide on a batch. A click and its command are one class.

A boundary: what people do with a batch, without its rules, so that a click can be stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal

from workflows.core.people import Actor, ChatId, Person
from workflows.core.requests.commands.audit_details import Details, account_details, behalf_details, clicked_details
from workflows.core.requests.request import BatchId
from workflows.core.settings.canonical import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveBatch(Generic[Actor]):
    """An approver approves exactly the members with this digest, which the card showed and the list contains."""

    name: Literal["approve_batch"] = field(default="approve_batch")
    actor: Actor
    batch_id: BatchId
    digest: Digest
    channel: str = ""
    on_behalf_of: Person | None = None
    """As in `Approve`."""

    def audit_details(self) -> Details:
        """Return the batch and its digest, and the account once it is known."""
        details = {**clicked_details(batch=self.batch_id, digest=self.digest), **account_details(self.actor)}
        return {**details, **behalf_details(self.on_behalf_of)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectBatch(Generic[Actor]):
    """An approver rejects the batch with this digest, and gives the reason."""

    name: Literal["reject_batch"] = field(default="reject_batch")
    actor: Actor
    batch_id: BatchId
    digest: Digest
    reason: str
    channel: str = ""
    on_behalf_of: Person | None = None
    """As in `Approve`."""

    def audit_details(self) -> Details:
        """Return the batch, its digest and the reason, and the account once it is known."""
        details = clicked_details(batch=self.batch_id, digest=self.digest, reason=self.reason)
        return {**details, **account_details(self.actor), **behalf_details(self.on_behalf_of)}


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawBatch:
    """The requester withdraws the batch with all its members, or somebody discards a draft."""

    name: Literal["withdraw_batch"] = field(default="withdraw_batch")
    actor: ChatId
    batch_id: BatchId
    is_of_draft: bool = False
    """Whether only a draft is discarded. Once it is confirmed, this ends nothing."""
    is_requester: bool = False
    """Whether both chat ids belong to one account. Only the permission check sets it, after reading the accounts."""
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the batch."""
        return {"batch": self.batch_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHalt(Generic[Actor]):
    """An admin continues or ends a batch that halted because too many of its members could not be applied."""

    name: Literal["answer_halt"] = field(default="answer_halt")
    actor: Actor
    batch_id: BatchId
    halt: int
    """Which halt was shown: the number of runs that the batch had. An answer to an earlier one does not count."""
    goes_on: bool
    reason: str
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the batch, the answer and the reason, and the account once it is known."""
        details = {"batch": self.batch_id, "halt": self.halt, "goes_on": self.goes_on, "reason": self.reason}
        return {**details, **account_details(self.actor)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSheet:
    """A member gives a file of partners. It is judged row by row, and becomes a draft that nobody asked for yet."""

    name: Literal["import_sheet"] = field(default="import_sheet")
    actor: ChatId
    file_id: str
    """The chat system's id of the file."""
    template: str = ""
    """The name of the template of rows that name none."""
    sheet: str = ""
    """The sheet that was chosen in a workbook with several."""
    columns: Mapping[str, int] = field(default_factory=dict)
    """The index of the column that was chosen for a field, by the field's name."""
    sha256: str = ""
    """Of the file in which sheet or columns were chosen; empty when nothing was chosen yet."""
    run: str = ""
    """Names the message that shows the import; empty: a new one."""
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the file and what was chosen."""
        chosen = {name: value for name in ("template", "sheet", "sha256") if (value := getattr(self, name))}
        return {"file": self.file_id, **chosen, **({"columns": dict(self.columns)} if self.columns else {})}


BatchClick = ApproveBatch[ChatId] | RejectBatch[ChatId] | WithdrawBatch | AnswerHalt[ChatId]
