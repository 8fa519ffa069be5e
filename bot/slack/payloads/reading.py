"""Check the form of everything that Slack sends, before anything reads it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from bot.slack.payloads.models import HomeOpened, Interaction, SlashCommand

_NOT_TEXT: Final = re.compile("[\ud800-\udfff]")
"""Single surrogates: JSON can contain them, but the store cannot."""
_INTERACTIONS: Final = frozenset(
    {"block_actions", "view_submission", "view_closed", "shortcut", "message_action", "block_suggestion"}
)


class Unreadable(Exception):
    """Slack does not send a payload like this one."""


def read_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Remove nulls, which mean absent, and invalid characters; check the form of the rest.

    :raises Unreadable: when Slack does not send this kind of payload, or a required part is missing.
    """
    body: dict[str, Any] = _without_nulls(payload)
    try:
        match body.get("type"):
            case _ if "command" in body:
                SlashCommand.model_validate(body)
            case "event_callback":
                if not isinstance(body.get("event"), dict):
                    raise Unreadable
                if body["event"].get("type") == "app_home_opened":
                    HomeOpened.model_validate(body)
            case "block_actions" if not Interaction.model_validate(body).actions:
                raise Unreadable
            case "view_submission" if Interaction.model_validate(body).view is None:
                raise Unreadable
            case str() as kind if kind in _INTERACTIONS:
                Interaction.model_validate(body)
            case "url_verification":
                pass
            case _:
                raise Unreadable
    except ValidationError as error:
        raise Unreadable from error
    return body


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
