"""The stored form of a click: a command whose actor is only a chat id. The permission check identifies the person."""

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, assert_never, overload

from workflows.core.people import ChatId, Person
from workflows.core.requests.commands.audit_details import Details
from workflows.core.requests.commands.batch import AnswerHalt, ApproveBatch, ImportSheet, RejectBatch, WithdrawBatch
from workflows.core.requests.commands.campaign import CampaignClick, StartCampaign, WithdrawCampaign
from workflows.core.requests.commands.editing import (
    AcceptProposal,
    DeclineProposal,
    ProposeLess,
    RecordProposal,
    RequestChanges,
)
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.commands.partner_record import (
    ConfirmSetup,
    Keep,
    PartnershipCommand,
    RemindSetup,
    Revoke,
    UnconfirmSetup,
)
from workflows.core.requests.commands.people import (
    AbsenceClick,
    AcceptSponsorship,
    DeclineSponsorship,
    EndAbsence,
    ProposeSponsor,
    Reassign,
    SetAbsence,
    WithdrawHandover,
)
from workflows.core.requests.commands.request import (
    Answer,
    Approve,
    Ask,
    ChangeGuests,
    CommandSubject,
    Comment,
    Confirm,
    Edit,
    Reject,
    RemindApprovers,
    RequestCommand,
    SupportRequest,
    Withdraw,
)
from workflows.core.requests.commands.review_event import AnswerAccessTest, RequestAccessTest
from workflows.core.requests.commands.watch import AcceptDrift, DismissDenied
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId, is_guid


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryEffect:
    """An admin asks to retry an effect that was given up."""

    name: Literal["retry_effect"] = field(default="retry_effect")
    actor: ChatId
    effect_id: int
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the effect's id."""
        return {"effect_id": self.effect_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class DropEffect:
    """An admin asks to drop an effect that was given up."""

    name: Literal["drop_effect"] = field(default="drop_effect")
    actor: ChatId
    effect_id: int
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the effect's id."""
        return {"effect_id": self.effect_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReminder:
    """A person asks to remind the approvers of a request that they filed under another chat id."""

    name: Literal["ask_reminder"] = field(default="ask_reminder")
    actor: ChatId
    request_id: RequestId
    channel: str = ""

    def audit_details(self) -> Details:
        """Return nothing: the request shows the rest."""
        return {}


DecisionClick = Approve[ChatId] | Reject[ChatId]

ChangeClick = RequestChanges[ChatId] | ProposeLess | AcceptProposal | DeclineProposal[ChatId]

SetupClick = ConfirmSetup[ChatId] | UnconfirmSetup[ChatId] | RemindSetup[ChatId]

RemarkClick = Ask[ChatId] | Answer[ChatId] | Comment[ChatId]

HandoverClick = (
    ProposeSponsor[ChatId] | AcceptSponsorship[ChatId] | DeclineSponsorship[ChatId] | WithdrawHandover[ChatId]
)

AccessTestClick = RequestAccessTest[ChatId] | AnswerAccessTest[ChatId]

EffectClick = RetryEffect | DropEffect

Click = (
    DecisionClick
    | SupportRequest[ChatId]
    | Withdraw
    | AskReminder
    | ChangeClick
    | RemarkClick
    | Keep[ChatId]
    | Revoke
    | SetupClick
    | HandoverClick
    | AccessTestClick
    | EffectClick
    | AcceptDrift
    | DismissDenied
    | ChangeFreeze
    | ApproveBatch[ChatId]
    | RejectBatch[ChatId]
    | WithdrawBatch
    | AnswerHalt[ChatId]
    | ImportSheet
    | CampaignClick
    | AbsenceClick
    | Reassign[ChatId]
    | ChangeGuests
    | Confirm[ChatId]
)

RECEIVED_AS: Final = "want_"
"""The prefix of a command's name in the audit log before the permission check, and when the command is refused."""


def received_name(click: Click) -> str:
    """Return the name of a received click in the audit log."""
    return f"{RECEIVED_AS}{click.name}"


def subject_of(click: Click) -> CommandSubject:
    """Return the request or partner that a click names."""
    match click:
        case Approve() | Reject() | SupportRequest() | Withdraw() | AskReminder() | Ask() | Answer() | Comment():
            return CommandSubject(request_id=click.request_id)
        case Confirm() | Reassign() | RequestChanges() | ProposeLess() | AcceptProposal() | DeclineProposal():
            return CommandSubject(request_id=click.request_id)
        case Keep() | ConfirmSetup() | UnconfirmSetup() | RemindSetup():
            return CommandSubject(tenant_id=click.tenant_id)
        case ProposeSponsor() | AcceptSponsorship() | DeclineSponsorship() | WithdrawHandover():
            return CommandSubject(tenant_id=click.tenant_id)
        case RequestAccessTest() | AnswerAccessTest():
            return CommandSubject(tenant_id=click.tenant_id)
        case AcceptDrift() | DismissDenied():
            return CommandSubject(tenant_id=TenantId(click.subject) if is_guid(click.subject) else None)
        case ApproveBatch() | RejectBatch() | WithdrawBatch() | AnswerHalt():
            return CommandSubject(batch_id=click.batch_id)
        case Revoke() | RetryEffect() | DropEffect() | ChangeFreeze() | StartCampaign() | WithdrawCampaign():
            return CommandSubject()
        case SetAbsence() | EndAbsence() | ChangeGuests() | ImportSheet():
            return CommandSubject()
        case _:
            assert_never(click)


def written_text(click: Click) -> str:
    """Return the text that is shown back to its author when it was not recorded; empty for clicks without one."""
    if isinstance(click, Ask | Answer | Comment | RequestChanges):
        return click.text
    if isinstance(click, AnswerAccessTest):
        return "" if click.failure is None else click.failure.what
    return click.reason if isinstance(click, ProposeLess | DeclineProposal) else ""


def actor_of(command: RequestCommand | PartnershipCommand) -> Person | ChatId | None:
    """Return who gave a command; None for a command of the bot itself."""
    match command:
        case Approve() | Reject() | Withdraw() | Keep() | ConfirmSetup() | UnconfirmSetup() | RemindSetup():
            return command.actor
        case RecordProposal():
            return command.proposal.person
        case Ask() | Answer() | Comment() | RequestChanges() | DeclineProposal() | SupportRequest() | Reassign():
            return command.actor
        case RemindApprovers() | Edit() | ProposeSponsor() | AcceptSponsorship() | DeclineSponsorship():
            return command.actor
        case WithdrawHandover() | RequestAccessTest() | AnswerAccessTest() | Confirm():
            return command.actor
        case _:
            return None


@overload
def with_person(click: Approve[ChatId], actor: Person) -> Approve[Person]: ...
@overload
def with_person(click: Confirm[ChatId], actor: Person) -> Confirm[Person]: ...
@overload
def with_person(click: Reject[ChatId], actor: Person) -> Reject[Person]: ...
@overload
def with_person(click: RequestChanges[ChatId], actor: Person) -> RequestChanges[Person]: ...
@overload
def with_person(click: DeclineProposal[ChatId], actor: Person) -> DeclineProposal[Person]: ...
@overload
def with_person(click: Answer[ChatId], actor: Person) -> Answer[Person]: ...
@overload
def with_person(click: Comment[ChatId], actor: Person) -> Comment[Person]: ...
@overload
def with_person(click: SupportRequest[ChatId], actor: Person) -> SupportRequest[Person]: ...
@overload
def with_person(click: ApproveBatch[ChatId], actor: Person) -> ApproveBatch[Person]: ...
@overload
def with_person(click: RejectBatch[ChatId], actor: Person) -> RejectBatch[Person]: ...
@overload
def with_person(click: AnswerHalt[ChatId], actor: Person) -> AnswerHalt[Person]: ...
@overload
def with_person(click: Keep[ChatId], actor: Person) -> Keep[Person]: ...
@overload
def with_person(click: AcceptSponsorship[ChatId], actor: Person) -> AcceptSponsorship[Person]: ...
@overload
def with_person(click: DeclineSponsorship[ChatId], actor: Person) -> DeclineSponsorship[Person]: ...
@overload
def with_person(click: WithdrawHandover[ChatId], actor: Person) -> WithdrawHandover[Person]: ...
@overload
def with_person(click: ConfirmSetup[ChatId], actor: Person) -> ConfirmSetup[Person]: ...
@overload
def with_person(click: UnconfirmSetup[ChatId], actor: Person) -> UnconfirmSetup[Person]: ...
@overload
def with_person(click: RemindSetup[ChatId], actor: Person) -> RemindSetup[Person]: ...
@overload
def with_person(click: RequestAccessTest[ChatId], actor: Person) -> RequestAccessTest[Person]: ...
@overload
def with_person(click: AnswerAccessTest[ChatId], actor: Person) -> AnswerAccessTest[Person]: ...
def with_person(click: Any, actor: Person) -> Any:
    """Return the command of a click, with a person in place of the chat id. Only this function makes the conversion.

    :param actor: the person whom the permission check found for the click's chat id.
    """
    return replace(click, actor=actor)
