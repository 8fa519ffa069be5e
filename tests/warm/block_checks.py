"""What libraries look for again and again is looked for once.

Slack's SDK looks for the checks of a block in each object anew; here it looks once in each class. The same checks are
made. Looking for them took longer than making all else of a card. The HTTP library of Microsoft's SDK looks for a
module that is not installed at each of its locks.
"""

import importlib.util
import sys
from functools import cache
from typing import Final

from slack_sdk.models.basic_objects import JsonObject

_OPTIONAL: Final = "sniffio"


def remember_checks() -> None:
    """Let the SDK remember which checks a class has, and Python which module is not there."""
    JsonObject.validate_json = _checked  # type: ignore[method-assign, assignment]
    if importlib.util.find_spec(_OPTIONAL) is None:
        sys.modules[_OPTIONAL] = None  # type: ignore[assignment]


def _checked(block: JsonObject) -> None:
    for name in checks_of(type(block)):
        getattr(block, name)()


@cache
def checks_of(kind: type[JsonObject]) -> tuple[str, ...]:
    """Name the checks of a class."""
    return tuple(name for name in dir(kind) if hasattr(getattr(kind, name), "validator"))
