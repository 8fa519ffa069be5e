"""The filters of `/partner list`: typed words become conditions; an unknown word is refused."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.slack.blocks.untrusted import clean
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import ChatId, PersonId
from workflows.ports.pages import PartnerFilter

MAX_FILTER_CHARACTERS: Final = 300
"""The most characters of all filters: they are repeated in the page buttons."""
STATES: Final[Mapping[str, frozenset[PartnershipState]]] = {
    "active": frozenset({PartnershipState.ACTIVE}),
    "review-due": frozenset({PartnershipState.REVIEW_DUE}),
    "suspended": frozenset({PartnershipState.SUSPENDED}),
    "revoked": frozenset({PartnershipState.REVOKED}),
}
FILTERS: Final = (
    "state:active, state:review-due, state:suspended, state:revoked, sponsor:me, sponsor:name, template:name, "
    'overdue, text:words. Put several words in quotes: template:"Trusted partner"'
)
"""The filters, as the help and a refusal name them."""

_WORD: Final = re.compile(r'(\w+):(?:"([^"]*)"|“([^”]*)”|(\S*))|(\S+)')


class UnknownFilter(Exception):
    """A typed word is not a filter; its text says so and names the filters."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem} Filters: {FILTERS}.")


def parse_filter(typed_text: str, *, reader: Collection[ChatId | PersonId], now: datetime) -> PartnerFilter:
    """Return the typed conditions; a partner must match all of them.

    :param reader: every id of the person who asks, for `sponsor:me`.
    :raises UnknownFilter: when a word is not a filter, or a filter has no value.
    """
    if len(typed_text) > MAX_FILTER_CHARACTERS:
        raise UnknownFilter(f"Type at most {MAX_FILTER_CHARACTERS} characters.")
    partner_filter = PartnerFilter()
    for match in _WORD.finditer(typed_text):
        name, *values, bare = match.groups()
        if bare == "overdue":
            partner_filter = replace(partner_filter, overdue_at=now)
        elif name is None:
            raise UnknownFilter(f"“{clean(bare, 60)}” is not a filter.")
        else:
            value = next((typed_value for typed_value in values if typed_value is not None), "").strip()
            partner_filter = _with_condition(partner_filter, name.lower(), value, reader)
    return partner_filter


def _with_condition(
    partner_filter: PartnerFilter, name: str, value: str, reader: Collection[ChatId | PersonId]
) -> PartnerFilter:
    match name:
        case "state" if value.lower() in STATES:
            return replace(partner_filter, states=STATES[value.lower()])
        case "state":
            raise UnknownFilter(f"“{clean(value, 60)}” is not a state.")
        case "sponsor" | "template" | "text" if not value:
            raise UnknownFilter(f"{name}: needs a value.")
        case "sponsor" if value.lower() == "me":
            return replace(partner_filter, sponsors=reader)
        case "sponsor":
            return replace(partner_filter, sponsor_text=value.removeprefix("@"))
        case "template":
            return replace(partner_filter, template=value)
        case "text":
            return replace(partner_filter, text=value)
    raise UnknownFilter(f"“{clean(name, 60)}:” is not a filter.")
