"""The sentence for another open request about the same partner. A boundary: refusals and findings share it."""

from datetime import timedelta
from typing import Final

from bot.words.plans.changes import duration_words
from bot.words.sentences import day
from workflows.core.errors.facts import Values
from workflows.core.requests.request import RequestKind, RequestState

_KINDS: Final = {
    RequestKind.ACCESS: "access request",
    RequestKind.REVOCATION: "revocation",
    RequestKind.RESTORATION: "restore request",
}
_OPEN_STATES: Final = {
    RequestState.PREPARING: "being prepared",
    RequestState.AWAITING_APPROVAL: "waiting for approval",
    RequestState.APPLYING: "approved, being written",
    RequestState.UNCONFIRMED: "sent, waiting for Microsoft to show it",
}
_OPEN_REVOCATION: Final = {
    **_OPEN_STATES,
    RequestState.APPLYING: "being blocked",
    RequestState.UNCONFIRMED: "block sent, waiting for Microsoft to show it",
}


def open_request_words(values: Values) -> str:
    """State who has the open request, in which state it is, and what to do."""
    kind, requester = RequestKind(values["kind"]), values["requester"]
    lasts = "" if values["seconds"] is None else f", {duration_words(timedelta(seconds=values['seconds']))}"
    state = _state(kind, RequestState(values["state"]), is_waiting=values["is_waiting"])
    what = f"{values['id']} (“{values['asks']}”{lasts}), sent on {day(values['sent_at'])}, {state}"
    todo = "Wait for its end."
    if values["is_own"]:
        who = "You have"
        if values["may_withdraw"]:
            todo = "Wait for its end, or withdraw it first."
    else:
        who = f"{requester or 'Somebody else'} has"
        if values["may_withdraw"] and requester is not None:
            todo = f"Wait for its end, or ask {requester} to withdraw it."
    return f"{who} an open {_KINDS[kind]} for this partner: {what}. {todo}"


def _state(kind: RequestKind, state: RequestState, *, is_waiting: bool) -> str:
    is_revocation = kind is RequestKind.REVOCATION
    if state is RequestState.APPLYING and is_waiting:
        return "waiting to be blocked" if is_revocation else "approved, waiting to be written"
    return (_OPEN_REVOCATION if is_revocation else _OPEN_STATES)[state]
