"""Check Block Kit's interactive elements, and which block may contain which. Limits: Slack's "Block elements"."""

import re
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.block_kit.composition import (
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH_CONFIG,
    MARKED_OPTION,
    OPTION,
    OPTION_GROUP,
    SLACK_FILE,
    check_initial_option,
    check_one_option_list,
    plain_text,
)
from bot.sandbox.slack.block_kit.schema import (
    Check,
    all_of,
    array_of,
    boolean,
    integer,
    json_object,
    one_of,
    problem,
    string,
)

ACTION_ID = string(255, minimum=1)
_FOCUS = {"action_id": ACTION_ID, "focus_on_load": boolean}
_MENU = {**_FOCUS, "placeholder": plain_text(150), "confirm": CONFIRM}
_FIELD = {**_FOCUS, "placeholder": plain_text(150), "dispatch_action_config": DISPATCH_CONFIG}
_MANY = {"max_selected_items": integer(1, 100)}
_LISTED = {"options": array_of(OPTION, maximum=100), "option_groups": array_of(OPTION_GROUP, maximum=100)}
_ID = string(255, minimum=1)
_IDS = array_of(_ID, maximum=100)


def matching(pattern: str, words: str) -> Check:
    """Return a check for a string of exactly this form."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield problem(words, pointer)

    return check


_DATE = matching(r"\d{4}-\d{2}-\d{2}", "must be a date in the format YYYY-MM-DD")
_TIME = matching(r"([01]\d|2[0-3]):[0-5]\d", "must be a time in the format HH:mm")


def _lengths_in_order(element: Any, pointer: str) -> Iterator[str]:
    if element.get("min_length", 0) > element.get("max_length", 3000):
        yield problem("min_length must be less than or equal to max_length", pointer)


def _picture_has_one_source(element: Any, pointer: str) -> Iterator[str]:
    if ("image_url" in element) == ("slack_file" in element):
        yield problem("exactly one of image_url and slack_file is required", pointer)


IMAGE = json_object(
    {"alt_text": string(2000, minimum=1)},
    {"image_url": string(3000, minimum=1), "slack_file": SLACK_FILE},
    also=_picture_has_one_source,
)

_listed = all_of(check_one_option_list, check_initial_option)

ELEMENTS: dict[str, Check] = {
    "button": json_object(
        {"text": plain_text(75)},
        {
            "action_id": ACTION_ID,
            "url": string(3000),
            "value": string(2000),
            "style": one_of("primary", "danger"),
            "confirm": CONFIRM,
            "accessibility_label": string(75),
        },
    ),
    "static_select": json_object({}, {**_MENU, **_LISTED, "initial_option": OPTION}, also=_listed),
    "multi_static_select": json_object(
        {}, {**_MENU, **_LISTED, **_MANY, "initial_options": array_of(OPTION, maximum=100)}, also=_listed
    ),
    "external_select": json_object({}, {**_MENU, "initial_option": OPTION, "min_query_length": integer(0, 3000)}),
    "multi_external_select": json_object(
        {}, {**_MENU, **_MANY, "initial_options": array_of(OPTION, maximum=100), "min_query_length": integer(0, 3000)}
    ),
    "users_select": json_object({}, {**_MENU, "initial_user": _ID}),
    "multi_users_select": json_object({}, {**_MENU, **_MANY, "initial_users": _IDS}),
    "channels_select": json_object({}, {**_MENU, "initial_channel": _ID, "response_url_enabled": boolean}),
    "multi_channels_select": json_object({}, {**_MENU, **_MANY, "initial_channels": _IDS}),
    "conversations_select": json_object(
        {},
        {
            **_MENU,
            "initial_conversation": _ID,
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": CONVERSATION_FILTER,
        },
    ),
    "multi_conversations_select": json_object(
        {},
        {
            **_MENU,
            **_MANY,
            "initial_conversations": _IDS,
            "default_to_current_conversation": boolean,
            "filter": CONVERSATION_FILTER,
        },
    ),
    "overflow": json_object({"options": array_of(OPTION, maximum=5)}, {"action_id": ACTION_ID, "confirm": CONFIRM}),
    "plain_text_input": json_object(
        {},
        {
            **_FIELD,
            "initial_value": string(3000),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        also=_lengths_in_order,
    ),
    "email_text_input": json_object({}, {**_FIELD, "initial_value": string(3000)}),
    "url_text_input": json_object({}, {**_FIELD, "initial_value": string(3000)}),
    "number_input": json_object(
        {"is_decimal_allowed": boolean},
        {**_FIELD, "initial_value": string(100), "min_value": string(100), "max_value": string(100)},
    ),
    "datepicker": json_object({}, {**_MENU, "initial_date": _DATE}),
    "timepicker": json_object({}, {**_MENU, "initial_time": _TIME, "timezone": string(100)}),
    "checkboxes": json_object(
        {"options": array_of(MARKED_OPTION, maximum=10)},
        {**_FOCUS, "confirm": CONFIRM, "initial_options": array_of(MARKED_OPTION, maximum=10)},
        also=check_initial_option,
    ),
    "radio_buttons": json_object(
        {"options": array_of(MARKED_OPTION, maximum=10)},
        {**_FOCUS, "confirm": CONFIRM, "initial_option": MARKED_OPTION},
        also=check_initial_option,
    ),
    "file_input": json_object(
        {},
        {
            "action_id": ACTION_ID,
            "filetypes": array_of(string(20, minimum=1), maximum=100),
            "max_files": integer(1, 10),
        },
    ),
}

_FIELDS = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "file_input"}
IN_ACTIONS = {name: check for name, check in ELEMENTS.items() if name not in _FIELDS}
IN_SECTION = {**IN_ACTIONS, "image": IMAGE}
IN_INPUT = {name: check for name, check in ELEMENTS.items() if name not in {"button", "overflow"}}
