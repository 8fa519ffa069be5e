"""Rules for edits of a request: which fields an edit can change, and who may edit. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.requests.request import AccessRequest, RequestFields, RequestKind, RequestState


class EditableField(StrEnum):
    """The fields of a request that an edit can change, by their names. The partner cannot be changed."""

    TEMPLATE = "template"
    PLACEHOLDERS = "placeholders"
    JUSTIFICATION = "justification"
    SPONSOR = "sponsor"
    DURATION = "duration"
    ENDS_AT = "ends_at"
    TICKET = "ticket"


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


def _storable(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.days
    return value.isoformat() if isinstance(value, datetime) else value
