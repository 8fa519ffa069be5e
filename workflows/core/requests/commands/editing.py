"""Changes of what a request asks for: who may edit it, which fields, and how approvers ask for changes. Pure.

An approver never edits a request. They ask the requester to change it, or propose to ask for less.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Generic, Literal

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Actor, ChatId, Person
from workflows.core.requests.commands.audit_details import Details, account_details, clicked_details
from workflows.core.requests.request import (
    AccessRequest,
    Proposal,
    RequestFields,
    RequestId,
    RequestKind,
    RequestState,
)
from workflows.core.settings.canonical import Digest

MAX_EDITS: Final = 20
"""How often one request can be edited. Each edit begins its whole time to decide again."""


class EditableField(StrEnum):
    """The fields of a request that an edit can change, by their names. The partner cannot be changed."""

    TEMPLATE = "template"
    PLACEHOLDERS = "placeholders"
    JUSTIFICATION = "justification"
    SPONSOR = "sponsor"
    DURATION = "duration"
    ENDS_AT = "ends_at"
    STARTS_AT = "starts_at"
    TICKET = "ticket"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChanges(Generic[Actor]):
    """An approver asks the requester to change the request, and says what."""

    name: Literal["request_changes"] = field(default="request_changes")
    actor: Actor
    request_id: RequestId
    digest: Digest
    """The plan that the approver was shown."""
    text: str
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return the plan's digest and the text, and the account once it is known."""
        return {**clicked_details(digest=self.digest, text=self.text), **account_details(self.actor)}


@dataclass(frozen=True, slots=True, kw_only=True)
class LessAsked:
    """What an approver proposes to ask for instead, as chosen in the window."""

    template: str
    """Empty for the present one."""
    days: int
    """0 when `ends_on` counts."""
    ends_on: str = ""
    """The day of the end as an ISO date; empty when `days` counts."""
    left_out: tuple[str, ...] = ()
    """The parts of the template, by their codes."""
    empty_placeholders: tuple[str, ...] = ()
    """The names of the placeholders without a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeLess:
    """An approver proposes to ask for less. The permission check makes the plan, and turns it into `RecordProposal`."""

    name: Literal["propose_less"] = field(default="propose_less")
    actor: ChatId
    request_id: RequestId
    digest: Digest
    less: LessAsked
    reason: str
    channel: str = ""

    def audit_details(self) -> Details:
        """Return what was chosen, and for which plan."""
        less = self.less
        chosen = clicked_details(digest=self.digest, template=less.template, ends_on=less.ends_on, reason=self.reason)
        left_out = {"left_out": list(less.left_out)} if less.left_out else {}
        empty = {"empty_placeholders": list(less.empty_placeholders)} if less.empty_placeholders else {}
        return {**chosen, "days": less.days, **left_out, **empty}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordProposal:
    """The proposal of an approver, with the plan that would follow. Only what certainly gives less is stored."""

    name: Literal["record_proposal"] = field(default="record_proposal")
    proposal: Proposal
    """It gets its number when it is stored."""
    review_interval: timedelta | None
    channel: str = ""

    def audit_details(self, after: AccessRequest) -> Details:
        """Return the digest for which it was made, each field that would change, and the account."""
        proposal = self.proposal
        changed = changed_values(after.fields, proposal.fields)
        details = clicked_details(digest=proposal.digest, reason=proposal.reason)
        return {**details, "changed": changed, **account_details(proposal.person)}


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptProposal:
    """The requester accepts a proposal. The permission check turns it into their `Edit`."""

    name: Literal["accept_proposal"] = field(default="accept_proposal")
    actor: ChatId
    request_id: RequestId
    digest: Digest
    number: int
    channel: str = ""

    def audit_details(self) -> Details:
        """Return which proposal was accepted."""
        return {"digest": self.digest, "number": self.number}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineProposal(Generic[Actor]):
    """The requester declines a proposal, and gives the reason. The request stays as it is."""

    name: Literal["decline_proposal"] = field(default="decline_proposal")
    actor: Actor
    request_id: RequestId
    digest: Digest
    number: int
    reason: str
    channel: str = ""

    def audit_details(self, after: AccessRequest | None = None) -> Details:
        """Return which proposal was declined and why, and the account once it is known."""
        answered = {"number": self.number, **clicked_details(digest=self.digest, reason=self.reason)}
        return {**answered, **account_details(self.actor)}


def with_edited_values(before: RequestFields, fields: RequestFields) -> RequestFields:
    """Return a request's fields with the new values. Kind, requester and partner stay the same."""
    return replace(
        before, **{editable_field.value: getattr(fields, editable_field.value) for editable_field in EditableField}
    )


def changed_field_names(before: RequestFields, after: RequestFields) -> tuple[EditableField, ...]:
    """List the fields with different values.

    The duration is not compared when the same day is chosen as the end: it is then computed from that day.
    """
    is_same_day = before.ends_at is not None and before.ends_at == after.ends_at
    return tuple(
        editable_field
        for editable_field in EditableField
        if getattr(before, editable_field.value) != getattr(after, editable_field.value)
        and not (is_same_day and editable_field is EditableField.DURATION)
    )


def changed_values(before: RequestFields, after: RequestFields) -> dict[str, list[Any]]:
    """Return the changed fields, each with its value before and after, for the audit log."""
    return {
        changed_field_name.value: [
            _storable(getattr(before, changed_field_name.value)),
            _storable(getattr(after, changed_field_name.value)),
        ]
        for changed_field_name in changed_field_names(before, after)
    }


def is_editable(request: AccessRequest) -> bool:
    """Return whether a request can be edited: an access request that waits for approvals."""
    return request.fields.kind is RequestKind.ACCESS and request.state is RequestState.AWAITING_APPROVAL


def require_may_edit(request: AccessRequest, actor: Person, digest: str, now: datetime) -> None:
    """Check that a person may edit a request.

    :param digest: the digest of the plan when the window was opened.
    :raises Refused: when this person may not edit it now.
    """
    # NB. accounts are compared, not chat ids, because an edit makes every decision invalid.
    if request.requester_account is not None and not request.is_filed_by(None, actor.id):
        raise Refused(RefusalCode.NOT_THE_REQUESTER, edits=True)
    if request.fields.kind is not RequestKind.ACCESS:
        raise Refused(RefusalCode.NOT_EDITABLE, kind=request.fields.kind.value)
    if request.state is not RequestState.AWAITING_APPROVAL:
        raise Refused(RefusalCode.NOT_POSSIBLE_IN_THIS_STATE, state=request.state.value, is_closed=request.is_terminal)
    if now >= request.expires_at:
        raise Refused(RefusalCode.EXPIRED)
    if request.plan.digest != digest:
        raise Refused(RefusalCode.REQUEST_CHANGED_DURING_EDIT)
    if len(request.edits) >= MAX_EDITS:
        raise Refused(RefusalCode.EDITED_TOO_OFTEN, limit=MAX_EDITS)


def _storable(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.days
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, datetime) else value
