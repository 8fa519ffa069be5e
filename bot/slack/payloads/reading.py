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

    The message of a clicked button and the blocks of a window are left out: nothing reads them, and they are most of
    the payload.

    :returns: the payload, and what its listener reads; None for an event that has no listener.
    :raises Unreadable: when Slack does not send this kind of payload, or a required part is missing.
    """
    body: dict[str, Any] = _without_nulls(_without_unread_parts(payload))
    try:
        return body, _parse(body)
    except ValidationError as error:
        raise Unreadable from error


def _parse(body: dict[str, Any]) -> Parsed | None:
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


def _without_unread_parts(payload: Mapping[str, Any]) -> dict[str, Any]:
    read = {name: value for name, value in payload.items() if name != "message"}
    if isinstance(view := read.get("view"), dict):
        read["view"] = {name: value for name, value in view.items() if name != "blocks"}
    return read


def _without_nulls(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _NOT_TEXT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_without_nulls(key): _without_nulls(inside) for key, inside in value.items() if inside is not None}
    if isinstance(value, list):
        return [_without_nulls(inside) for inside in value]
    return value
