"""The place of a person in the lists of the App Home: the values of page buttons, and what is stored."""

import json
from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter, ValidationError

from bot.slack.payloads.button_values import PageStep, parse_page_step
from workflows.app.reads.app_home import HomeList, HomePosition
from workflows.ports.pages import Cursor, PagePosition

MAX_SEARCH_CHARACTERS: Final = 100
"""The most characters that can be searched for."""


class _HomeStep(PageStep):
    name: HomeList


_STORED: Final = TypeAdapter(HomePosition)


def page_value(name: HomeList, cursor: Cursor, *, is_before: bool) -> str:
    """Return the value of a button that shows the next or the previous page of a list."""
    return json.dumps({"name": name.value, "cursor": cursor, "is_before": is_before}, separators=(",", ":"))


def parse_page(value: str) -> tuple[HomeList, PagePosition]:
    """Read the value of a page button.

    :raises Refused: for any other text.
    """
    step = parse_page_step(value, _HomeStep)
    return step.name, step.position


def on_page(home: HomePosition, name: HomeList, position: PagePosition) -> HomePosition:
    """Return the place after one list was turned to another page."""
    return replace(home, positions={**home.positions, name: position})


def stored_position(position: HomePosition) -> str:
    """Return a place in the form in which it is stored."""
    return _STORED.dump_json(position).decode()


def parse_position(text: str) -> HomePosition:
    """Read a stored place. One that an earlier or later version wrote differently is the start."""
    try:
        return _STORED.validate_json(text) if text else HomePosition()
    except ValidationError:
        return HomePosition()
