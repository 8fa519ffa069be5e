"""Check the form of everything that Slack sends, before anything reads it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from bot.slack.payloads.models import HomeOpened, Interaction, SlashCommand

_NOT_TEXT: Final = re.compile("[\ud800-\udfff]")
"""Single surrogates: JSON can contain them, but the store cannot."""
PARSED: Final = "parsed"
"""Under this name Bolt's context holds what `read_payload` returned, so that a listener does not parse it again."""
_INTERACTIONS: Final = frozenset(
    {"block_actions", "view_submission", "view_closed", "shortcut", "message_action", "block_suggestion"}
)


class Unreadable(Exception):
    """Slack does not send a payload like this one."""


Parsed = Interaction | SlashCommand | HomeOpened


def read_payload(payload: Mapping[str, Any]) -> tuple[dict[str, Any], Parsed | None]:
    """Remove nulls, which mean absent, and invalid characters; check the form of the rest.

    :returns: the payload, and what its listener reads; None for an event that has no listener.
    :raises Unreadable: when Slack does not send this kind of payload, or a required part is missing.
    """
    body: dict[str, Any] = _without_nulls(payload)
    try:
        return body, _parsed(body)
    except ValidationError as error:
        raise Unreadable from error


def _parsed(body: dict[str, Any]) -> Parsed | None:
    kind = body.get("type")
    if "command" in body:
        return SlashCommand.model_validate(body)
    if kind == "event_callback" and isinstance(body.get("event"), dict):
        return HomeOpened.model_validate(body) if body["event"].get("type") == "app_home_opened" else None
    if kind == "url_verification":
        return None
    if not isinstance(kind, str) or kind not in _INTERACTIONS:
        raise Unreadable
    interaction = Interaction.model_validate(body)
    if (kind == "block_actions" and not interaction.actions) or (kind == "view_submission" and not interaction.view):
        raise Unreadable
    return interaction


def _without_nulls(value: Any) -> Any:
    match value:
        case str():
            return _NOT_TEXT.sub("\ufffd", value)
        case Mapping():
            return {_without_nulls(key): _without_nulls(inside) for key, inside in value.items() if inside is not None}
        case list():
            return [_without_nulls(inside) for inside in value]
        case _:
            return value
