"""The search of requests by auditors: the states that can be chosen, and a search in words."""

from collections.abc import Iterator, Mapping
from typing import Final

from bot.words.sentences import day, last_day
from workflows.core.requests.request import TERMINAL, RequestState
from workflows.ports.pages import RequestFilter

S = RequestState

ANY_STATE: Final = "any"
PARTLY_APPLIED: Final = "partly_applied"
STATE_CHOICES: Final[Mapping[str, tuple[str, frozenset[RequestState]]]] = {
    ANY_STATE: ("Any state", frozenset()),
    "open": ("Open", frozenset(S) - TERMINAL),
    "waiting": ("Waiting for approval", frozenset({S.AWAITING_APPROVAL})),
    "scheduled": ("Approved, starts on a later day", frozenset({S.SCHEDULED})),
    "applied": ("Active, restored or blocked (verified)", frozenset({S.APPLIED})),
    PARTLY_APPLIED: ("Partly applied", frozenset({S.STOPPED, S.FAILED})),
    "rejected": ("Rejected", frozenset({S.REJECTED})),
    "withdrawn": ("Withdrawn", frozenset({S.WITHDRAWN})),
    "expired": ("Expired", frozenset({S.EXPIRED})),
    "unfit": ("Could not be carried out", frozenset({S.UNFIT})),
    "stopped": ("Stopped before it was confirmed", frozenset({S.STOPPED})),
    "overwritten": ("Sent, then changed by somebody else", frozenset({S.OVERWRITTEN})),
    "failed": ("Failed, Microsoft Graph refused it", frozenset({S.FAILED})),
}
"""The label and the states of each choice, by its value, in the words of its rows. It is the state now, or at the end.

Of the states of `PARTLY_APPLIED`, only requests are found of which a part is in the tenant.
"""


def state_choice(states: frozenset[RequestState]) -> str:
    """Return the value of the choice with these states; that of any state when there is none."""
    return next((value for value, (_, chosen) in STATE_CHOICES.items() if chosen == states), ANY_STATE)


def condition_words(request_filter: RequestFilter) -> Iterator[tuple[str, str]]:
    """Return each condition of a search that is set: its label, and its value, which may come from outside."""
    for label, text in (
        ("Contains", request_filter.text),
        ("Requester", request_filter.requester),
        ("Approver", request_filter.approver),
        ("Access template", request_filter.template),
    ):
        if text:
            yield label, text
    if request_filter.states:
        yield "State", STATE_CHOICES[state_choice(request_filter.states)][0]
    if request_filter.sent_from is not None:
        yield "Sent from", f"{day(request_filter.sent_from)} (UTC)"
    if request_filter.sent_before is not None:
        yield "Sent until", f"{last_day(request_filter.sent_before)} (UTC)"
