"""The sentence for another open request about the same partner. A boundary: refusals and findings share it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from bot.words.plans.changes import duration_words
from bot.words.sentences import day
from workflows.core.errors.facts import Values
from workflows.core.requests.notes import DisplayedState, displayed
from workflows.core.requests.request import RequestKind, RequestState

_KINDS: Final = {
    RequestKind.ACCESS: "access request",
    RequestKind.REVOCATION: "revocation",
    RequestKind.RESTORATION: "restore request",
    RequestKind.ADOPTION: "request to adopt settings",
    RequestKind.DISABLE_GUESTS: "request to disable guest accounts",
    RequestKind.ENABLE_GUESTS: "request to enable guest accounts",
}
OPEN_STATES: Final[Mapping[DisplayedState, str]] = {
    DisplayedState.PREPARING: "being prepared",
    DisplayedState.AWAITING_CONFIRMATION: "waiting to be confirmed by the admin who asked",
    DisplayedState.AWAITING_APPROVAL: "waiting for approval",
    DisplayedState.SCHEDULED: "approved, starts on a later day",
    DisplayedState.TO_BE_WRITTEN: "approved, waiting to be written",
    DisplayedState.APPLYING: "approved, being written",
    DisplayedState.UNCONFIRMED: "sent, waiting for Microsoft to show it",
    DisplayedState.REFUSED: "refused by Microsoft Graph, current settings not known yet",
    DisplayedState.TO_BE_BLOCKED: "waiting to be blocked",
    DisplayedState.BLOCKING: "being blocked",
    DisplayedState.BLOCK_UNCONFIRMED: "block sent, waiting for Microsoft to show it",
}
"""The states of an open request in words."""
_BEFORE_START: Final = "To change this access before then, "
"""Begins what to do about a request that starts later. It ends by itself only after its start."""


def open_request_words(values: Values) -> str:
    """State who has the open request, in which state it is, and what to do."""
    kind, requester = RequestKind(values["kind"]), values["requester"]
    lasts = "" if values["seconds"] is None else f", {duration_words(timedelta(seconds=values['seconds']))}"
    state = OPEN_STATES[
        displayed(
            RequestState(values["state"]),
            kind,
            is_delayed=values["is_waiting"],
            is_refused=values.get("is_refused", False),
        )
    ]
    is_scheduled = values["state"] == RequestState.SCHEDULED.value
    if values.get("starts_at") and is_scheduled:
        state = f"approved, starts {day(values['starts_at'])}"
    asks = f"Restore of {values['restores']}" if values.get("restores") else values["asks"]
    if kind is RequestKind.ADOPTION:
        asks = "Adopt current settings"
    request = f"{values['id']} (“{asks}”{lasts}), sent on {day(values['sent_at'])}, {state}"
    todo = "Wait until it ends."
    if values["is_own"]:
        subject = "You have"
        if values["may_withdraw"]:
            is_waiting = values["state"] == RequestState.AWAITING_APPROVAL.value
            todo = f"{_BEFORE_START}withdraw it." if is_scheduled else "Wait until it ends, or withdraw it first."
            if kind is RequestKind.ACCESS and is_waiting:
                todo = "Wait until it ends, edit it, or withdraw it first."
    else:
        subject = f"{requester or 'Somebody else'} has"
        if values["may_withdraw"] and requester is not None:
            todo = f"Wait until it ends, or ask {requester} to withdraw it."
            if is_scheduled:
                todo = f"{_BEFORE_START}ask {requester} to withdraw it, or an approver or admin to reject it."
        if values.get("may_support"):
            todo = f"Support it if you need the same. Otherwise wait until it ends, or ask {requester} to withdraw it."
    return f"{subject} an open {_KINDS[kind]} for this partner: {request}. {todo}"
