"""What libraries look for again and again is looked for once.

Slack's SDK looks for the checks of a block in each object again, and for the kinds of elements at each element; here it
looks once in each class. What it made of an object it converts again in each object around it; here once. The same
checks are made, with the same result; this took longer than making all else of a card. The HTTP library of Microsoft's
SDK looks for a module that is not installed at each of its locks.
"""

import importlib.util
import sys
from functools import cache
from typing import Final

from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import BlockElement

from bot.slack.blocks.conversion import checks_of, members_of

_OPTIONAL: Final = "sniffio"
MEMBERS_BY_SDK: Final = JsonObject.get_non_null_attributes


def remember_checks() -> None:
    """Let the SDK remember what its classes have, and Python which module is not there."""
    JsonObject.validate_json = _checked  # type: ignore[method-assign, assignment]
    JsonObject.get_non_null_attributes = members_of  # type: ignore[method-assign, assignment]
    BlockElement._get_sub_block_elements = classmethod(elements_of)  # type: ignore[method-assign, assignment, arg-type]
    if importlib.util.find_spec(_OPTIONAL) is None:
        sys.modules[_OPTIONAL] = None  # type: ignore[assignment]


def _checked(block: JsonObject) -> None:
    for name in checks_of(type(block)):
        getattr(block, name)()


@cache
def elements_of(kind: type[BlockElement]) -> tuple[type[BlockElement], ...]:
    """List the kinds of elements below a class, in the order of the SDK."""
    found: list[type[BlockElement]] = []
    for below in kind.__subclasses__():
        found += [below] if hasattr(below, "type") else []
        found += elements_of(below)
    return tuple(found)
