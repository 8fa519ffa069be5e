"""Editing a request: what an edit can change, and who may do it: the requester, while it waits for approvals. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.requests.request import AccessRequest, Particulars, RequestKind, RequestState


class WishField(StrEnum):
    """The fields of a request that an edit can change; the values are their names. The partner is not among them."""

    TEMPLATE = "template"
    PLACEHOLDERS = "placeholders"
    JUSTIFICATION = "justification"
    SPONSOR = "sponsor"
    DURATION = "duration"
    ENDS_AT = "ends_at"
    TICKET = "ticket"


def with_wish(before: Particulars, wanted: Particulars) -> Particulars:
    """Return a request's particulars with what is filled in now. Kind, requester and partner stay."""
    return replace(before, **{one.value: getattr(wanted, one.value) for one in WishField})


def changed_fields(before: Particulars, after: Particulars) -> tuple[WishField, ...]:
    """List what is different.

    With a chosen day of the end, the duration only counts the days from sending to it, so it is no change of its own.
    """
    is_same_day = before.ends_at is not None and before.ends_at == after.ends_at
    return tuple(
        one
        for one in WishField
        if getattr(before, one.value) != getattr(after, one.value) and not (is_same_day and one is WishField.DURATION)
    )


def changed_values(before: Particulars, after: Particulars) -> dict[str, list[Any]]:
    """Return each changed field with its value before and after, as the audit log keeps them."""
    return {
        one.value: [_stored(getattr(before, one.value)), _stored(getattr(after, one.value))]
        for one in changed_fields(before, after)
    }


def is_editable(request: AccessRequest) -> bool:
    """Return whether its requester can edit it while it has not expired: an access request that waits for approvals."""
    return request.particulars.kind is RequestKind.ACCESS and request.state is RequestState.AWAITING_APPROVAL


def require_may_edit(request: AccessRequest, actor: Person, digest: str, now: datetime) -> None:
    """Check that a person may edit a request.

    :param digest: the plan that the window was opened on.
    :raises Refused: with the next step.
    """
    # NB. by the account, not by the chat id: an edit makes every decision void.
    if request.requester_account not in (actor.id, None):
        raise Refused(RefusalCode.NOT_THE_REQUESTER, edits=True)
    if request.particulars.kind is not RequestKind.ACCESS:
        raise Refused(RefusalCode.NOT_EDITABLE, kind=request.particulars.kind.value)
    if request.state is not RequestState.AWAITING_APPROVAL:
        raise Refused(RefusalCode.NOT_NOW, state=request.state.value, is_closed=request.is_terminal)
    if now >= request.expires_at:
        raise Refused(RefusalCode.EXPIRED)
    if request.known.plan.digest != digest:
        raise Refused(RefusalCode.STALE_EDIT)


def _stored(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value.days
    return value.isoformat() if isinstance(value, datetime) else value
