"""The state of a request in a few words, and what came of one of its guest accounts."""

from collections.abc import Mapping
from typing import Final

from bot.words.findings.open_request import OPEN_STATES
from bot.words.plans.accounts import CHANGES, ENDS, VERIFIED, accounts_state_words, reason_words
from bot.words.requests.notes import note_words
from bot.words.sentences import day, minute
from bot.words.settings.open_access import NOT_ALL_CLOSED, REST_UNKNOWN
from workflows.core.plans.accounts import AccountChange, AccountPlan, AccountProgress, AccountResult, PlannedAccount
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.notes import DisplayedState, is_changed_by_others, state_to_display
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.requests.transitions.writes import closes

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
    DisplayedState.BLOCKED_IN_PART: f"block verified, {NOT_ALL_CLOSED}",
    DisplayedState.BLOCKED_REST_UNKNOWN: f"block verified, {REST_UNKNOWN}",
    DisplayedState.REVOCATION_STOPPED: "stopped",
}


def short_state_words(request: AccessRequest) -> str:
    """State the state of a request in a few words for one line of a list; without when it was verified."""
    if is_changed_by_others(request):
        return "changed by something else"
    is_of_settings = request.fields.account_change is None
    if request.state is RequestState.STOPPED and is_of_settings and not request.was_sent:
        return "stopped, nothing was written"
    starts_at = None if request.prepared is None else request.plan.starts_at
    if request.state is RequestState.SCHEDULED and starts_at is not None:
        return f"approved, starts {day(starts_at)}"
    return accounts_state_words(request) or STATE_WORDS[state_to_display(request)]


def drifted_state_words(request: AccessRequest, drift: Drift) -> str:
    """State the state of a request whose result is in force, where the current settings differ from it."""
    if not closes(request):
        return "active, not as approved"
    closed = "suspended" if request.is_suspension else "blocked"
    return f"{closed}, may be open again" if drift.found.opens else f"{closed}, settings changed since"


def open_request_sentence(request: AccessRequest) -> str:
    """State that a request about a partner is open, in an answer about this partner."""
    return f"Request {request.id} for this partner is open: {short_state_words(request)}."


def state_words(request: AccessRequest) -> str:
    """State the state of a request in a few words, and when it was verified; without its note."""
    words, confirmed_at = short_state_words(request), request.confirmed_at
    if confirmed_at is None:
        return words
    return words.replace(VERIFIED, f"(verified {minute(confirmed_at)})")


def account_end_words(plan: AccountPlan, progress: AccountProgress, account: PlannedAccount) -> str:
    """Return what came of one account, with the reason: "left alone: with a directory role: User Administrator"."""
    result = next((one for one in progress.results if one.id == account.id), None)
    if result is None:
        return "sent, no answer yet" if account.id in progress.sending else "not sent"
    words = ENDS[result.end].format(done=CHANGES[plan.change].done)
    why = _why(result, plan.change).rstrip(".")
    return f"{words}: {why}" if why else words


def _why(result: AccountResult, change: AccountChange) -> str:
    """Return why an account was left alone or refused; empty where nothing is known.

    Why it was left alone has its values in a fact with the code of the reason.
    """
    if result.left is None:
        return note_words(result.reason)
    values = next((fact.values for fact in result.reason if fact.code == result.left), {})
    return reason_words(result.left, values, change)
