"""The state of a request in a few words."""

from collections.abc import Mapping
from typing import Final

from bot.words.findings.open_request import OPEN_STATES
from workflows.core.requests.notes import DisplayedState, displayed_state
from workflows.core.requests.request import AccessRequest

STATE_WORDS: Final[Mapping[DisplayedState, str]] = {
    **OPEN_STATES,
    DisplayedState.APPLIED: "set and read back",
    DisplayedState.PUT_BACK: "put back and read back",
    DisplayedState.REJECTED: "rejected",
    DisplayedState.WITHDRAWN: "withdrawn",
    DisplayedState.EXPIRED: "expired, nobody decided in time",
    DisplayedState.UNFIT: "could not be carried out",
    DisplayedState.STOPPED: "stopped before it was confirmed",
    DisplayedState.OVERWRITTEN: "sent, then changed by somebody else",
    DisplayedState.FAILED: "failed, Microsoft Graph refused it",
    DisplayedState.BLOCKED: "blocked and read back",
    DisplayedState.BLOCK_READ: "block read back",
    DisplayedState.BLOCKED_IN_PART: "block read back, not everything closed",
    DisplayedState.REVOCATION_STOPPED: "stopped",
}


def state_words(request: AccessRequest) -> str:
    """State the state of a request in a few words, without the content of its note."""
    return STATE_WORDS[displayed_state(request)]
