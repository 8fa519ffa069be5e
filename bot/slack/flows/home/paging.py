"""The place of a person in the lists of the App Home: the values of page buttons, and what is stored."""

import json
from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter

from bot.slack.payloads.button_values import PageStep, parse_page_step
from workflows.app.reads.app_home import HomeList, HomePosition
from workflows.ports.pages import Cursor, PagePosition

MAX_SEARCH_CHARACTERS: Final = 100
"""The most characters that can be searched for."""


class _HomeStep(PageStep):
    name: HomeList


_STORED: Final = TypeAdapter(HomePosition)
_EARLIER_NAMES: Final = {"wanted": "request_filter", "places": "positions"}
"""The present names of fields that earlier versions stored under other names."""


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
    """Read a stored place. One that cannot be read is the start."""
    try:
        stored = json.loads(text or "{}")
        if isinstance(stored, dict):
            stored = {_EARLIER_NAMES.get(name, name): value for name, value in stored.items()}
        return _STORED.validate_json(json.dumps(stored))
    except ValueError:
        return HomePosition()
