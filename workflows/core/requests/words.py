"""The state of a request in plain words, and what was sent for it."""

from collections.abc import Mapping
from typing import Final

from workflows.core.plans.progress import NOTHING_WRITTEN
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.text import Action

SENT_BEFORE: Final = (
    "A write of an earlier plan of this request was sent and was not confirmed. It may stand in the tenant all the "
    f"same: {Action.SHOW} reads what does."
)
_STATES: Final[Mapping[RequestState, str]] = {
    RequestState.PREPARING: "being prepared",
    RequestState.AWAITING_APPROVAL: "waiting for approval",
    RequestState.APPLYING: "approved, being written",
    RequestState.UNCONFIRMED: "written, not yet confirmed",
    RequestState.APPLIED: "set and read back",
    RequestState.REJECTED: "rejected",
    RequestState.WITHDRAWN: "withdrawn",
    RequestState.EXPIRED: "expired, nobody decided in time",
    RequestState.UNFIT: "could not be carried out",
    RequestState.STOPPED: "stopped before it was confirmed",
    RequestState.OVERWRITTEN: "sent, then changed by somebody else",
    RequestState.FAILED: "failed, Microsoft Graph refused it",
}
_REVOCATION_STATES: Final[Mapping[RequestState, str]] = {
    RequestState.APPLYING: "being blocked",
    RequestState.UNCONFIRMED: "block written, not yet confirmed",
    RequestState.APPLIED: "blocked and read back",
    RequestState.STOPPED: "stopped",
    RequestState.OVERWRITTEN: "sent, then changed by somebody else",
}


def state_words(request: AccessRequest) -> str:
    """State the state of a request in a few words, without the content of its note."""
    state, is_revocation = request.state, request.particulars.kind is RequestKind.REVOCATION
    if state is RequestState.APPLYING and request.note:
        return "waiting to be blocked" if is_revocation else "approved, waiting to be written"
    if is_revocation and state is RequestState.APPLIED and request.not_closed != ():
        return "block read back, not everything closed" if request.not_closed else "block read back"
    if is_revocation and state in _REVOCATION_STATES:
        return _REVOCATION_STATES[state]
    if state is RequestState.APPLIED and request.particulars.kind is RequestKind.RESTORATION:
        return "put back and read back"
    return _STATES[state]


def unwritten_words(request: AccessRequest) -> str:
    """Return the beginning of a sentence which says only that nothing of the present plan was written."""
    return NOTHING_WRITTEN if request.sent_before is None else "This plan was not written"


def with_sent_before(request: AccessRequest, text: str) -> str:
    """Add to a text what was sent under an earlier plan, which may have taken effect."""
    return text if request.sent_before is None else f"{text} {SENT_BEFORE}".strip()
