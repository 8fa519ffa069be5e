"""Commands about a request: what people do, and the complete list with those that the bot gives (`automatic`).

Each class has one entry name in the audit log (`name`); a stored name never changes. What a person does is one class
from the click to the audit log, generic in its actor. `Approve[ChatId]` is stored as clicked. The permission check
turns it into `Approve[Person]`, and only that is a `RequestCommand`.

`audit_details` returns the details of a command for its audit entry. Its argument `after` is the request after the
command; None while it is only a click.

It is long because every command of a person has its audit details.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, Literal

from workflows.core.conversation.remarks import RemarkId
from workflows.core.people import Actor, ChatId, Person, PersonId
from workflows.core.plans.accounts import AccountChange
from workflows.core.policy.delegation.profiles import ProfileChange
from workflows.core.requests.commands.audit_details import Details, account_details, behalf_details, clicked_details
from workflows.core.requests.commands.automatic import (
    AcceptBatchDecisions,
    EndWithBatch,
    Expire,
    LeaveBatch,
    RecordAccountResults,
    RecordAccountsRead,
    RecordAccountsSending,
    RecordApplied,
    RecordApplyFailed,
    RecordDelayed,
    RecordOverwritten,
    RecordPrepared,
    RecordRefusal,
    RecordRelations,
    RecordResent,
    RecordSponsors,
    RecordUnfit,
    RecordUnseen,
    RecordWriting,
    Reopen,
    Replan,
    Stop,
)
from workflows.core.requests.commands.editing import DeclineProposal, RecordProposal, RequestChanges, changed_values
from workflows.core.requests.commands.people import Reassign
from workflows.core.requests.deadlines.commands import DeadlineCommand
from workflows.core.requests.request import AccessRequest, BatchId, ObservedPartner, RequestFields, RequestId
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """A person requests a change. `observation` is the partner as the form read it; it saves a second read."""

    name: Literal["submit"] = field(default="submit")
    request_id: RequestId
    fields: RequestFields
    lifetime: timedelta
    """How long the request may stay undecided."""
    observation: ObservedPartner | None = None
    submitter: Person | None = None
    account: PersonId | None = None
    """The requester's account, if it was known when the request was filed."""
    batch: BatchId | None = None
    """The batch whose decision decides on it."""
    drafter: Person | None = None
    """Who gave the file of which it is a row; None when that is the requester, or not known."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return what was requested."""
        fields = self.fields
        details: Details = {
            "kind": fields.kind.value,
            "target": fields.target,
            "template": fields.template,
            "justification": fields.justification,
            "sponsor": fields.sponsor,
            "days": None if fields.duration is None else fields.duration.days,
        }
        if fields.ends_at is not None:
            details["ends_at"] = fields.ends_at.isoformat()
        if fields.starts_at is not None:
            details["starts_at"] = fields.starts_at.isoformat()
        if fields.submitter is not None:
            details["requester"] = fields.requester
        if fields.ticket:
            details["ticket"] = fields.ticket
        if fields.restores_result:
            details["restores_result"] = True
        if fields.undoes is not None:
            details["undoes"] = fields.undoes
        if fields.accounts:
            details["accounts"] = list(fields.accounts)
        if fields.only_found:
            details["only_found"] = True
        if self.batch is not None:
            details["batch"] = self.batch
        if self.drafter is not None:
            details["drafter"] = self.drafter.id
        return details if fields.restores is None else {**details, "restores": fields.restores}


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Generic[Actor]):
    """The admin who asked confirms exactly the guest accounts that were shown, by typing a text."""

    name: Literal["confirm"] = field(default="confirm")
    actor: Actor
    request_id: RequestId
    digest: Digest
    typed: str
    """What was typed, see `transitions.guest_accounts.confirmation_text`."""
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return the plan's digest and what was typed, and the account once it is known."""
        return {**clicked_details(digest=self.digest), "typed": self.typed, **account_details(self.actor)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeGuests:
    """An admin asks to disable or enable guest accounts. The permission check creates a request for it."""

    name: Literal["change_guests"] = field(default="change_guests")
    actor: ChatId
    target: str
    """Normalized domain or tenant id of the partner."""
    change: AccountChange
    reason: str
    accounts: tuple[PersonId, ...] = ()
    """As in `RequestFields`, and so the next two."""
    only_found: bool = False
    undoes: RequestId | None = None
    channel: str = ""

    def audit_details(self) -> Details:
        """Return what is asked for, and for which accounts of which partner."""
        asked: Details = {"change": self.change.value, **clicked_details(reason=self.reason, target=self.target)}
        chosen = {"accounts": list(self.accounts)} if self.accounts else {}
        found = {"only_found": True} if self.only_found else {}
        return {**asked, **chosen, **found, **clicked_details(undoes=self.undoes or "")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Generic[Actor]):
    """An approver approves exactly the plan with this digest, which the card showed."""

    name: Literal["approve"] = field(default="approve")
    actor: Actor
    request_id: RequestId
    digest: Digest
    channel: str = ""
    """The channel of the click, in which a refusal is shown. This is the same for every command with this field."""
    on_behalf_of: Person | None = None
    """The absent person in whose place the actor is asked. Only the permission check sets it."""
    is_second_look: bool = False
    """Whether it was clicked below the list of what the person approved just before."""
    profile_changes: tuple[ProfileChange, ...] = ()
    """What changed in the actor's profile shortly before. Only the permission check sets it, for high risk."""
    others: tuple[ChatId, ...] = ()
    """The other approvers, who are told of these changes. Only the permission check sets it."""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return the plan's digest, whether it confirms a second look, and the account once it is known."""
        second = {"second_look": True} if self.is_second_look else {}
        details = {**clicked_details(digest=self.digest), **second, **account_details(self.actor)}
        if self.profile_changes:
            details["profile_changes"] = [change.part.value for change in self.profile_changes]
        return {**details, **behalf_details(self.on_behalf_of)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Generic[Actor]):
    """An approver rejects the plan with this digest, which the card showed, and gives the reason."""

    name: Literal["reject"] = field(default="reject")
    actor: Actor
    request_id: RequestId
    digest: Digest
    reason: str
    channel: str = ""
    on_behalf_of: Person | None = None
    """As in `Approve`."""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return the plan's digest and the reason, and the account once it is known."""
        details = {**clicked_details(digest=self.digest, reason=self.reason), **account_details(self.actor)}
        return {**details, **behalf_details(self.on_behalf_of)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportRequest(Generic[Actor]):
    """A person needs the same access, and supports the open request in place of sending another one."""

    name: Literal["support"] = field(default="support")
    actor: Actor
    request_id: RequestId
    reason: str = ""
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return the reason, and the account once it is known."""
        return {**clicked_details(reason=self.reason), **account_details(self.actor)}


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
    new_fields: RequestFields
    """What is filled in now. Its partner, kind and requester are not used: they cannot be changed."""
    observation: ObservedPartner
    """The partner as the form just read it."""
    lifetime: timedelta
    """How long the request may stay undecided from now on."""
    accepts: int = 0
    """The number of the proposal that the requester accepts with it; 0 for what they filled in themselves."""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the digest of the plan that is given up, and each changed field before and after."""
        earlier_fields = after.previous_fields or after.fields
        accepts = {"accepts": self.accepts} if self.accepts else {}
        return {"digest": self.digest, "changed": changed_values(earlier_fields, after.fields), **accepts}


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
class Ask(Generic[Actor]):
    """Somebody who may decide on a stage of a request, or an admin, asks a question about it."""

    name: Literal["ask"] = field(default="ask")
    actor: Actor
    request_id: RequestId
    text: str
    asked: tuple[Actor, ...]
    """Who is asked to answer."""
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return the question and who is asked, and the accounts once they are known."""
        asked = [person.name if isinstance(person, Person) else person for person in self.asked]
        return {"text": self.text, "asked": asked, **account_details(self.actor)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[Actor]):
    """Somebody who was asked, or the requester, answers a question about a request."""

    name: Literal["answer"] = field(default="answer")
    actor: Actor
    request_id: RequestId
    question: RemarkId
    text: str
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return the answer and the id of its question, and the account once it is known."""
        return {"text": self.text, "question": self.question, **account_details(self.actor)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment(Generic[Actor]):
    """Somebody who has to do with a request writes a comment on it. Nobody is asked to do anything."""

    name: Literal["comment"] = field(default="comment")
    actor: Actor
    request_id: RequestId
    text: str
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return the comment, and the account once it is known."""
        return {"text": self.text, **account_details(self.actor)}


RequestCommand = (
    Submit
    | RecordPrepared
    | RecordUnfit
    | RecordDelayed
    | Confirm[Person]
    | Approve[Person]
    | Reject[Person]
    | SupportRequest[Person]
    | Withdraw
    | Edit
    | RequestChanges[Person]
    | RecordProposal
    | DeclineProposal[Person]
    | RemindApprovers
    | Ask[Person]
    | Answer[Person]
    | Comment[Person]
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
    | RecordAccountsSending
    | RecordAccountResults
    | RecordAccountsRead
    | RecordRelations
    | RecordSponsors
    | Reassign[Person]
    | AcceptBatchDecisions
    | LeaveBatch
    | EndWithBatch
    | DeadlineCommand
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSubject:
    """What a command is about. At most one of the fields is set."""

    request_id: RequestId | None = None
    tenant_id: TenantId | None = None
    batch_id: BatchId | None = None
