"""The place of a person in the lists of the App Home: the values of page buttons, and what is stored."""

import json
from dataclasses import replace
from typing import Annotated, Final

from pydantic import StringConstraints, TypeAdapter, ValidationError

from bot.slack.payloads.models import Payload
from workflows.app.reads.app_home import HomeList, HomePosition
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.ports.pages import Cursor, PagePosition

MAX_SEARCH_CHARACTERS: Final = 100
"""The most characters that can be searched for."""


class _Step(Payload):
    name: HomeList
    cursor: Annotated[tuple[Annotated[str, StringConstraints(max_length=400)], ...], ...]
    is_before: bool


_STORED: Final = TypeAdapter(HomePosition)


def page_value(name: HomeList, cursor: Cursor, *, is_before: bool) -> str:
    """Return the value of a button that shows the next or the previous page of a list."""
    return json.dumps({"name": name.value, "cursor": cursor, "is_before": is_before}, separators=(",", ":"))


def parse_page(value: str) -> tuple[HomeList, PagePosition]:
    """Read the value of a page button.

    :raises Refused: for any other text.
    """
    try:
        step = _Step.model_validate_json(value)
    except ValidationError as error:
        raise Refused(RefusalCode.MALFORMED) from error
    return step.name, PagePosition(cursor=step.cursor, is_before=step.is_before)


def on_page(place: HomePosition, name: HomeList, to: PagePosition) -> HomePosition:
    """Return the place after one list was turned to another page."""
    return replace(place, places={**place.places, name: to})


def stored_place(place: HomePosition) -> str:
    """Return a place in the form in which it is stored."""
    return _STORED.dump_json(place).decode()


def read_place(text: str) -> HomePosition:
    """Read a stored place. One that an earlier or later version wrote differently is the start."""
    try:
        return _STORED.validate_json(text) if text else HomePosition()
    except ValidationError:
        return HomePosition()
