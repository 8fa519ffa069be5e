"""The state of a request in a few words."""

from collections.abc import Mapping
from typing import Final

from bot.words.findings.open_request import OPEN_STATES
from bot.words.plans.accounts import VERIFIED, accounts_state_words
from bot.words.sentences import day, minute
from workflows.core.requests.notes import DisplayedState, state_to_display
from workflows.core.requests.request import AccessRequest, RequestState

STATE_WORDS: Final[Mapping[DisplayedState, str]] = {
    **OPEN_STATES,
    DisplayedState.APPLIED: "active (verified)",
    DisplayedState.GUESTS_DISABLED: "guest accounts disabled (verified)",
    DisplayedState.GUESTS_ENABLED: "guest accounts enabled (verified)",
    DisplayedState.PARTLY_APPLIED: "partly applied",
    DisplayedState.PUT_BACK: "restored (verified)",
    DisplayedState.REJECTED: "rejected",
    DisplayedState.WITHDRAWN: "withdrawn",
    DisplayedState.EXPIRED: "expired",
    DisplayedState.UNFIT: "could not be carried out",
    DisplayedState.STOPPED: "stopped before it was confirmed",
    DisplayedState.OVERWRITTEN: "sent, then changed by somebody else",
    DisplayedState.FAILED: "failed, Microsoft Graph refused it",
    DisplayedState.BLOCKED: "blocked (verified)",
    DisplayedState.SUSPENDED: "suspended (verified)",
    DisplayedState.BLOCK_READ: "block verified",
    DisplayedState.BLOCKED_IN_PART: "block verified, not everything closed",
    DisplayedState.REVOCATION_STOPPED: "stopped",
}


def short_state_words(request: AccessRequest) -> str:
    """State the state of a request in a few words for one line of a list; without when it was verified."""
    starts_at = None if request.prepared is None else request.plan.starts_at
    if request.state is RequestState.SCHEDULED and starts_at is not None:
        return f"approved, starts {day(starts_at)}"
    return accounts_state_words(request) or STATE_WORDS[state_to_display(request)]


def open_request_sentence(request: AccessRequest) -> str:
    """State that a request about a partner is open, in an answer about this partner."""
    return f"Request {request.id} for this partner is open: {short_state_words(request)}."


def state_words(request: AccessRequest) -> str:
    """State the state of a request in a few words, and when it was verified; without its note."""
    words, confirmed_at = short_state_words(request), request.confirmed_at
    if confirmed_at is None:
        return words
    return words.replace(VERIFIED, f"(verified {minute(confirmed_at)})")
