"""Check Block Kit's composition objects: texts, options, confirmations. Limits: Slack's "Composition objects"."""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.block_kit.schema import (
    Check,
    array_of,
    boolean,
    json_object,
    object_by_type,
    one_of,
    problem,
    string,
)

SLACK_FILE = json_object({}, {"id": string(255, minimum=1), "url": string(3000, minimum=1)})


def plain_text(maximum: int) -> Check:
    """Return a check for a `plain_text` object of 1 to `maximum` characters."""
    return object_by_type({"plain_text": json_object({"text": string(maximum, minimum=1)}, {"emoji": boolean})})


def text(maximum: int) -> Check:
    """Return a check for a `plain_text` or `mrkdwn` object of 1 to `maximum` characters."""
    return object_by_type(
        {
            "plain_text": json_object({"text": string(maximum, minimum=1)}, {"emoji": boolean}),
            "mrkdwn": json_object({"text": string(maximum, minimum=1)}, {"verbatim": boolean}),
        }
    )


def _option(label: Check, description: Check) -> Check:
    return json_object({"text": label, "value": string(150)}, {"description": description, "url": string(3000)})


OPTION = _option(plain_text(75), plain_text(75))
MARKED_OPTION = _option(text(75), text(75))
"""An option that may use mrkdwn: only for checkboxes and radio buttons."""
OPTION_GROUP = json_object({"label": plain_text(75), "options": array_of(OPTION, maximum=100)})

CONFIRM = json_object(
    {},
    {
        "title": plain_text(100),
        "text": text(300),
        "confirm": plain_text(30),
        "deny": plain_text(30),
        "style": one_of("primary", "danger"),
    },
)
DISPATCH_CONFIG = json_object(
    {"trigger_actions_on": array_of(one_of("on_enter_pressed", "on_character_entered"), maximum=2)}
)
CONVERSATION_FILTER = json_object(
    {},
    {
        "include": array_of(one_of("im", "mpim", "private", "public"), maximum=4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)


def options_of(element: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all options of an element, including those in groups."""
    grouped = [option for group in element.get("option_groups", []) for option in group["options"]]
    return [*element.get("options", []), *grouped]


def check_initial_option(element: Any, pointer: str) -> Iterator[str]:
    """Check that an element's initial value is one of its options, property by property."""
    options = options_of(element)
    if "initial_option" in element and not _is_among(element["initial_option"], options):
        yield problem("initial_option must be one of the options", f"{pointer}/initial_option")
    for index, option in enumerate(element.get("initial_options", [])):
        if not _is_among(option, options):
            yield problem("initial_options must be among the options", f"{pointer}/initial_options/{index}")


def _is_among(option: dict[str, Any], options: list[dict[str, Any]]) -> bool:
    """Return whether an option is known, by what a person sees and the bot receives; `emoji` is ignored."""
    value_and_text = (option["value"], option["text"]["text"])
    return any((other["value"], other["text"]["text"]) == value_and_text for other in options)


def check_one_option_list(element: Any, pointer: str) -> Iterator[str]:
    """Check that there is either `options` or `option_groups`."""
    if ("options" in element) == ("option_groups" in element):
        yield problem("exactly one of options and option_groups is required", pointer)
