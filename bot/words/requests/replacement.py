"""What a later request did to the result of an earlier one, in words. Every surface takes them from here."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from bot.words.requests.titles import prepared_title
from bot.words.settings.open_access import closing_rest_words
from workflows.core.partners.partnership import LaterChange, later_change
from workflows.core.requests.request import AccessRequest


class _Words(NamedTuple):
    state: str
    """The state of the earlier request, after its partner."""
    event: str
    """What happened, at the beginning of a sentence."""


LATER: Final[Mapping[LaterChange, _Words]] = {
    LaterChange.REVOKED: _Words("revoked later", "Revoked"),
    LaterChange.SUSPENDED: _Words("suspended later", "Suspended"),
    LaterChange.CLOSED_EARLY: _Words("closed early", "Closed early"),
    LaterChange.CLOSED: _Words("closed later", "Closed"),
    LaterChange.EXTENDED: _Words("extended later", "Extended"),
    LaterChange.ADOPTED: _Words("other settings adopted later", "Other settings adopted"),
    LaterChange.REPLACED: _Words("replaced later", "Replaced"),
    LaterChange.REPLACED_IN_PART: _Words("replaced later in part", "Replaced in part"),
    LaterChange.CHANGED_BY_OTHERS: _Words("changed later by somebody else", "Changed by somebody else"),
}
CLOSINGS: Final = frozenset({LaterChange.REVOKED, LaterChange.SUSPENDED, LaterChange.CLOSED_EARLY, LaterChange.CLOSED})
PERIOD_ENDED: Final = ", access period ended"
"""What follows the state of a request whose access is still active after its end."""


def later_state_words(request: AccessRequest, later: AccessRequest) -> str:
    """Return the state of a request whose result a later one replaced: "closed early"."""
    return f"{LATER[later_change(request, later)].state}{left_words(later)}"


def later_state_by_words(request: AccessRequest, later: AccessRequest) -> str:
    """Return the state of a request whose result a later one replaced, and by whom: "closed early by Riley (R-2)"."""
    change = later_change(request, later)
    by = "" if change is LaterChange.CHANGED_BY_OTHERS else f" by {later.require_prepared().requester.name}"
    return f"{LATER[change].state}{by} ({later.id}){left_words(later)}"


def later_event_words(request: AccessRequest, later: AccessRequest) -> str:
    """Return the words for the effect of a later request, for the beginning of a sentence: "Closed early"."""
    return LATER[later_change(request, later)].event


def left_words(later: AccessRequest) -> str:
    """State that a closing left access open, or that this is not known; empty for other changes."""
    rest = closing_rest_words(later.not_closed)
    return f", {rest}" if rest else ""


def replacement_words(request: AccessRequest, later: AccessRequest) -> str:
    """State in one sentence what a later request did, as its result was read in the tenant. It has no full stop."""
    change, event = later_change(request, later), later_event_words(request, later)
    by = f"{later.id} ({prepared_title(later.require_prepared())})"
    match change:
        case LaterChange.CHANGED_BY_OTHERS:
            return f"{event} while {by} was sent"
        case LaterChange.REPLACED_IN_PART:
            return f"{event} by {by}, partly applied (verified)"
        case _:
            return f"{event} by {by}, verified in the tenant{left_words(later)}"
