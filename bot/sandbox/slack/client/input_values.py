"""Convert the input of a script or the page into the value that a Slack client would send."""

from collections.abc import Awaitable, Callable
from typing import Any

from bot.sandbox.refusals import Refused
from bot.sandbox.slack.block_kit.values import VALUE_KEYS, Value, find_option
from bot.sandbox.slack.workspace.people import find_person
from bot.sandbox.slack.workspace.workspace import Workspace

Suggest = Callable[[dict[str, Any], str], Awaitable[list[dict[str, Any]]]]
"""Requests the options of an external select from the app: (element, query) -> options."""


async def input_value(
    element: dict[str, Any], given: Any, *, workspace: Workspace, suggest: Suggest, user_id: str
) -> Value:
    """Return the `state.values` entry for an element.

    :param given: Slack's own form (`{"selected_option": {"value": …}}`), or a short form. This is a text, an option's
        value or text, a handle, a channel name, the id of an uploaded file, or a list of those. None empties it.
    :param user_id: who enters it; a person gives only files that they have uploaded.
    :raises Refused: `no_such_option`, `no_such_user`, `no_such_channel`, `no_such_file`, `bad_value`.
    """
    kind = element["type"]
    key, _ = VALUE_KEYS[kind]
    wanted = given[key] if isinstance(given, dict) and key in given else given
    if kind == "file_input":
        return {"type": kind, key: [_file(element, one, workspace, user_id) for one in _listed(wanted)]}
    if not key.endswith("s"):
        return {"type": kind, key: await _one(element, wanted, workspace, suggest)}
    return {"type": kind, key: [await _one(element, item, workspace, suggest) for item in _listed(wanted)]}


def _listed(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [] if wanted is None else [wanted]


def _file(element: dict[str, Any], wanted: Any, workspace: Workspace, user_id: str) -> dict[str, Any]:
    """Return the object of a file that this person has uploaded, in the form that a payload has."""
    file = workspace.files.get(str(wanted.get("id") if isinstance(wanted, dict) else wanted))
    if file is None or file.user != user_id:
        raise Refused("no_such_file", f"{element['action_id']}: no file {wanted}; see POST /control/upload")
    return workspace.files.in_payload(file)


async def _one(element: dict[str, Any], wanted: Any, workspace: Workspace, suggest: Suggest) -> Any:
    if wanted is None or wanted == "":
        return None
    if isinstance(wanted, dict):
        wanted = wanted.get("value")
    if not isinstance(wanted, str | int | float):
        raise Refused("bad_value", f"{element['action_id']}: give a text, an option's value, a handle or a list")
    kind, text = element["type"], str(wanted)
    if "users" in kind:
        return _user(text)
    if "conversations" in kind or "channels" in kind:
        conversation = workspace.find(text)
        if conversation is None:
            raise Refused("no_such_channel", f"{element['action_id']}: no channel {text}; see GET /control/channels")
        return conversation.id
    if "select" in kind or kind in ("radio_buttons", "checkboxes"):
        return await _option(element, text, suggest)
    return text


def _user(text: str) -> str:
    person = find_person(text)
    if person is None:
        raise Refused("no_such_user", f"nobody is called {text}; see GET /control/people")
    return person.slack_id


async def _option(element: dict[str, Any], text: str, suggest: Suggest) -> dict[str, Any]:
    offered = element
    if element["type"] in ("external_select", "multi_external_select"):
        offered = {"options": await suggest(element, text)}
    option = find_option(offered, text)
    if option is None:
        groups = (group["options"] for group in offered.get("option_groups", []))
        values = [choice["value"] for choices in (offered.get("options", []), *groups) for choice in choices]
        raise Refused("no_such_option", f"{element['action_id']}: no option {text}; it must be one of {values}")
    return option
