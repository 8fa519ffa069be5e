"""Convert blocks to the form that Slack's API takes: each object once, with the SDK's own checks.

The SDK converts an object again for each object around it, and looks for the checks of a class at each of its objects.
For a card that takes longer than everything else.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from slack_sdk.models.basic_objects import EMPTY_ALLOWED_TYPE_AND_PROPERTY_LIST, JsonObject

_MAY_BE_EMPTY: Final = {(allowed["type"], allowed["property"]) for allowed in EMPTY_ALLOWED_TYPE_AND_PROPERTY_LIST}


def as_json(slack_object: JsonObject) -> dict[str, Any]:
    """Return an object in the form that Slack's API takes.

    :raises SlackObjectFormationError: when it, or an object in it, is malformed.
    """
    if type(slack_object).to_dict is not JsonObject.to_dict:  # its class has a conversion of its own
        document: dict[str, Any] = slack_object.to_dict()
        return {name: _convert(value) for name, value in document.items()}
    for name in checks_of(type(slack_object)):
        getattr(slack_object, name)()
    return members_of(slack_object)


@cache
def checks_of(kind: type[JsonObject]) -> tuple[str, ...]:
    """Name the checks of a class."""
    return tuple(name for name in dir(kind) if hasattr(getattr(kind, name), "validator"))


def members_of(slack_object: JsonObject) -> dict[str, Any]:
    """Return the members of an object: no empty ones but those that may be empty."""
    kind = getattr(slack_object, "type", None)
    members = ((name, slack_object.get_object_attribute(name)) for name in sorted(slack_object.attributes))
    return {
        name: _convert(value)
        for name, value in members
        if value is not None and (not hasattr(value, "__len__") or len(value) or (kind, name) in _MAY_BE_EMPTY)
    }


def _convert(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_convert(item) for item in value]
    if isinstance(value, JsonObject):
        return as_json(value)
    if isinstance(value, Mapping):
        return value
    return {name: _convert(item) for name, item in value.to_dict().items()} if hasattr(value, "to_dict") else value
