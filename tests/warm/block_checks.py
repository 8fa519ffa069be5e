"""Slack's SDK looks for the checks of a block in each object anew; here it looks once in each class.

The same checks are made. Looking for them took longer than making all else of a card.
"""

from functools import cache

from slack_sdk.models.basic_objects import JsonObject


def remember_checks() -> None:
    """Let the SDK remember which checks a class has."""
    JsonObject.validate_json = _checked  # type: ignore[method-assign, assignment]


def _checked(block: JsonObject) -> None:
    for name in checks_of(type(block)):
        getattr(block, name)()


@cache
def checks_of(kind: type[JsonObject]) -> tuple[str, ...]:
    """Name the checks of a class."""
    return tuple(name for name in dir(kind) if hasattr(getattr(kind, name), "validator"))
