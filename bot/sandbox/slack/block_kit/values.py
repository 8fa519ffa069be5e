"""The values of interactive elements: the initial one, the entered one, and their form in payloads."""

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.block_kit.blocks import elements_of
from bot.sandbox.slack.block_kit.composition import options_of

Value = dict[str, Any]
"""One entry of `state.values[block_id][action_id]`, such as `{"type": "plain_text_input", "value": "x"}`."""
Values = dict[str, dict[str, Value]]

_TEXTS = ("plain_text_input", "email_text_input", "url_text_input", "number_input")
VALUE_KEYS = {
    **dict.fromkeys(_TEXTS, ("value", "initial_value")),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "file_input": ("files", ""),
}
"""Element type -> (key in the payload, key of the initial value). Buttons and overflow menus have no state."""


def stateful_elements(blocks: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each (block, element) whose value is part of a view's or message's `state`."""
    for block in blocks:
        for _, element in elements_of(block):
            if element["type"] in VALUE_KEYS:
                yield block, element


def current_values(blocks: list[dict[str, Any]], filled: Values) -> Values:
    """Return `state.values`: what the person entered, otherwise the initial value, otherwise an explicit null."""
    values: Values = {}
    for block, element in stateful_elements(blocks):
        entered_value = filled.get(block["block_id"], {}).get(element["action_id"])
        if entered_value is None or entered_value["type"] != element["type"]:
            entered_value = _initial_value(element)
        values.setdefault(block["block_id"], {})[element["action_id"]] = entered_value
    return values


def _initial_value(element: dict[str, Any]) -> Value:
    key, initial = VALUE_KEYS[element["type"]]
    nothing: Any = [] if key.endswith("s") else None
    return {"type": element["type"], key: element.get(initial, nothing)}


def values_to_keep(blocks: list[dict[str, Any]], filled: Values) -> Values:
    """Return the part of `filled` whose elements exist in `blocks` with the same ids and type.

    This is what Slack keeps at views.update.
    """
    kept_values: Values = {}
    for block, element in stateful_elements(blocks):
        value = filled.get(block["block_id"], {}).get(element["action_id"])
        if value is not None and value["type"] == element["type"]:
            kept_values.setdefault(block["block_id"], {})[element["action_id"]] = value
    return kept_values


def with_value(filled: Values, block_id: str, action_id: str, value: Value) -> Values:
    """Return `filled` with one value changed."""
    return {**filled, block_id: {**filled.get(block_id, {}), action_id: value}}


def is_empty(value: Value) -> bool:
    """Return whether nothing is entered."""
    return value[VALUE_KEYS[value["type"]][0]] in (None, "", [])


def find_option(element: dict[str, Any], wanted: str) -> dict[str, Any] | None:
    """Return the element's option with this value, otherwise with this text; None when there is none."""
    options = options_of(element)
    for option in options:
        if option["value"] == wanted:
            return option
    return next((option for option in options if option["text"]["text"] == wanted), None)
