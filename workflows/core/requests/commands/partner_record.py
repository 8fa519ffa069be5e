"""All commands about a partnership. A click and its command are one class, as `request` explains."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, Literal

from workflows.core.checks.partner_setup.steps import SetupStep, StepKey
from workflows.core.people import Actor, ChatId, Person, PersonId
from workflows.core.policy.reviews.terms import AttestedText
from workflows.core.requests.commands.audit_details import Details, account_details, clicked_details
from workflows.core.requests.commands.people import HandoverCommand
from workflows.core.requests.commands.request import RequestCommand
from workflows.core.requests.commands.review_event import AccessTestCommand, ReviewEventCommand, SilenceCommand
from workflows.core.requests.request import Closing, RequestId
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReview:
    """The review of a live partnership is due (again). The question is sent next, with the others of its batch."""

    name: Literal["ask_review"] = field(default="ask_review")
    batch: str = ""

    def audit_details(self) -> Details:
        """Return nothing: the partnership shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep(Generic[Actor]):
    """The sponsor or an admin states that the access is still needed, and why."""

    name: Literal["keep"] = field(default="keep")
    actor: Actor
    tenant_id: TenantId
    reason: str
    channel: str = ""
    attests: AttestedText | None = None
    """The sentence about the partner's MFA that the person ticked; None when none was shown or ticked."""

    def audit_details(self) -> Details:
        """Return the reason and what is attested; for a click also the partner: its audit entry has no tenant id."""
        attested = {} if self.attests is None else {"attests": self.attests.value}
        if isinstance(self.actor, Person):
            return {"reason": self.reason, "account": self.actor.id, **attested}
        return {**clicked_details(reason=self.reason, tenant_id=self.tenant_id), **attested}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """The sponsor or an admin asks to close the partner. The permission check creates a revocation for it."""

    name: Literal["revoke"] = field(default="revoke")
    actor: ChatId
    target: str
    """Normalized domain or tenant id."""
    reason: str
    channel: str = ""
    closing: Closing = Closing.REVOKE

    def audit_details(self) -> Details:
        """Return the reason and the named partner, and that it is only a suspension."""
        closing = {"closing": self.closing.value} if self.closing is Closing.SUSPEND else {}
        return clicked_details(reason=self.reason, target=self.target, **closing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmSetup(Generic[Actor]):
    """The sponsor or an admin confirms that the partner has done a step, exactly as it was shown."""

    name: Literal["confirm_half"] = field(default="confirm_half")
    actor: Actor
    tenant_id: TenantId
    step: StepKey
    step_digest: Digest
    channel: str = ""
    """The channel of the click, in which the result is shown."""

    def audit_details(self) -> Details:
        """Return the step, as it was shown; for a click also the partner."""
        if isinstance(self.actor, Person):
            return {"step": self.step, "wanted": self.step_digest, "account": self.actor.id}
        return clicked_details(tenant_id=self.tenant_id, step=self.step, wanted=self.step_digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnconfirmSetup(Generic[Actor]):
    """The sponsor or an admin takes back the confirmation of exactly what was shown."""

    name: Literal["unconfirm_half"] = field(default="unconfirm_half")
    actor: Actor
    tenant_id: TenantId
    step: StepKey
    step_digest: Digest = field(default=Digest(""))
    """Empty for a click of an earlier version, which takes back the present confirmation of the step."""
    channel: str = ""
    """The channel of the click, in which the result is shown."""

    def audit_details(self) -> Details:
        """Return the step, as it was shown; for a click also the partner."""
        if isinstance(self.actor, Person):
            return {"step": self.step, "wanted": self.step_digest, "account": self.actor.id}
        return clicked_details(tenant_id=self.tenant_id, step=self.step, wanted=self.step_digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindSetup(Generic[Actor]):
    """The sponsor or an admin asks for a reminder of the partner's remaining steps."""

    name: Literal["remind_half"] = field(default="remind_half")
    actor: Actor
    tenant_id: TenantId
    channel: str = ""

    def audit_details(self) -> Details:
        """Return the account of the actor; for a click the partner."""
        return account_details(self.actor) or clicked_details(tenant_id=self.tenant_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSetup:
    """The reminder of the partner setup is due."""

    name: Literal["ask_half"] = field(default="ask_half")

    def audit_details(self) -> Details:
        """Return nothing: the partnership shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSetup:
    """A step of the partner setup is still open, and the next reminder is due that nobody asked for."""

    name: Literal["prompt_setup"] = field(default="prompt_setup")

    def audit_details(self) -> Details:
        """Return nothing: the partnership shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostponePrompt:
    """That reminder is due, but the sponsor got one about another partner today. It comes later."""

    name: Literal["postpone_setup_prompt"] = field(default="postpone_setup_prompt")
    until: datetime

    def audit_details(self) -> Details:
        """Return until when."""
        return {"until": self.until.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSetup:
    """The partner setup of a request was computed later, because an earlier version had not recorded it."""

    name: Literal["record_half"] = field(default="record_half")
    request_id: RequestId
    steps: tuple[SetupStep, ...]

    def audit_details(self) -> Details:
        """Return nothing: the partnership shows the rest."""
        return {}


class GoneReason(StrEnum):
    """Why a sponsor has no enabled member account. Entries of earlier versions have a sentence instead."""

    NO_ACCOUNT = "no_account"
    DISABLED = "disabled"
    GUEST = "guest"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSponsorGone:
    """The sponsor no longer has an enabled member account. Another person must become the sponsor."""

    name: Literal["record_sponsor_gone"] = field(default="record_sponsor_gone")
    sponsor: PersonId
    reason: GoneReason
    manager: str = ""
    """The name of the sponsor's manager; empty when there is none, or it is not known."""

    def audit_details(self) -> Details:
        """Return the reason, and the manager when there is one."""
        return {"reason": self.reason.value, **({"manager": self.manager} if self.manager else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSponsorFound:
    """The sponsor has an enabled member account again."""

    name: Literal["record_sponsor_found"] = field(default="record_sponsor_found")
    sponsor: PersonId

    def audit_details(self) -> Details:
        """Return nothing: the partnership shows the rest."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueEndNotice:
    """A notice about the end of the access is due. It is sent next, with the other notices of its batch."""

    name: Literal["issue_end_notice"] = field(default="issue_end_notice")
    days: int
    """How many days before the end; 0 when the end has come."""
    batch: str
    ends_at: datetime
    is_too_late: bool = False
    """Whether it is only recorded, and not sent."""

    def audit_details(self) -> Details:
        """Return which notice it is, and the end that it is about."""
        lateness = {"is_too_late": True} if self.is_too_late else {}
        return {"days": self.days, "ends_at": self.ends_at.isoformat(), **lateness}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEndNotice:
    """The sending of a notice about the end of the access has ended."""

    name: Literal["record_end_notice"] = field(default="record_end_notice")
    batch: str
    people: tuple[ChatId, ...]
    """Who got it: the chat system accepted it, and they are active. Nobody: it was not delivered."""

    def audit_details(self) -> Details:
        """Return who got the notice."""
        return {"people": list(self.people), "is_delivered": bool(self.people)}


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockAtEnd:
    """The approved access period has ended. The bot creates the revocation that blocks the partner."""

    name: Literal["block_at_end"] = field(default="block_at_end")
    request_id: RequestId
    ends_at: datetime

    def audit_details(self) -> Details:
        """Return the end of the access."""
        return {"ends_at": self.ends_at.isoformat()}


EndCommand = IssueEndNotice | RecordEndNotice | BlockAtEnd

SponsorCommand = RecordSponsorGone | RecordSponsorFound

SetupCommand = (
    ConfirmSetup[Person]
    | UnconfirmSetup[Person]
    | RemindSetup[Person]
    | AskSetup
    | PromptSetup
    | PostponePrompt
    | RecordSetup
)

PartnershipCommand = (
    AskReview
    | Keep[Person]
    | SponsorCommand
    | HandoverCommand
    | SetupCommand
    | EndCommand
    | ReviewEventCommand
    | SilenceCommand
    | AccessTestCommand
)

Command = RequestCommand | PartnershipCommand
