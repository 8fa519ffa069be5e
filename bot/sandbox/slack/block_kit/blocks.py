"""Check blocks as Slack does before it shows them. Limits: Slack's "Reference: blocks"."""

from collections.abc import Iterator
from typing import Any, Literal

from bot.sandbox.slack.block_kit.composition import SLACK_FILE, plain_text, text
from bot.sandbox.slack.block_kit.elements import IMAGE, IN_ACTIONS, IN_INPUT, IN_SECTION
from bot.sandbox.slack.block_kit.rich_text import RICH_TEXT_ELEMENTS
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

Surface = Literal["message", "modal", "home"]

MAX_BLOCKS: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}
MAX_MARKDOWN_CHARACTERS = 12_000

_BLOCK = {"block_id": string(255, minimum=1)}
_RICH_TEXT = json_object({"elements": array_of(object_by_type(RICH_TEXT_ELEMENTS), maximum=1000)}, _BLOCK)
_CELL = object_by_type({"raw_text": json_object({"text": string(3000, minimum=1)}), "rich_text": _RICH_TEXT})
_CONTEXT_ITEM = object_by_type(
    {
        "image": IMAGE,
        "plain_text": json_object({"text": string(3000, minimum=1)}, {"emoji": boolean}),
        "mrkdwn": json_object({"text": string(3000, minimum=1)}, {"verbatim": boolean}),
    }
)


def _column(value: Any, pointer: str) -> Iterator[str]:
    """Check a table's column; null means the defaults."""
    if value is not None:
        yield from json_object({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})(value, pointer)


def _section_says_something(block: Any, pointer: str) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield problem("missing required field: text or fields", pointer)


def _image_has_one_source(block: Any, pointer: str) -> Iterator[str]:
    if ("image_url" in block) == ("slack_file" in block):
        yield problem("exactly one of image_url and slack_file is required", pointer)


BLOCKS: dict[str, Check] = {
    "section": json_object(
        {},
        {
            **_BLOCK,
            "text": text(3000),
            "fields": array_of(text(2000), maximum=10),
            "accessory": object_by_type(IN_SECTION),
            "expand": boolean,
        },
        also=_section_says_something,
    ),
    "divider": json_object({}, _BLOCK),
    "header": json_object({"text": plain_text(150)}, _BLOCK),
    "context": json_object({"elements": array_of(_CONTEXT_ITEM, maximum=10)}, _BLOCK),
    "actions": json_object({"elements": array_of(object_by_type(IN_ACTIONS), maximum=25)}, _BLOCK),
    "input": json_object(
        {"label": plain_text(2000), "element": object_by_type(IN_INPUT)},
        {**_BLOCK, "hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "image": json_object(
        {"alt_text": string(2000, minimum=1)},
        {**_BLOCK, "image_url": string(3000, minimum=1), "slack_file": SLACK_FILE, "title": plain_text(2000)},
        also=_image_has_one_source,
    ),
    "rich_text": _RICH_TEXT,
    "markdown": json_object({"text": string(MAX_MARKDOWN_CHARACTERS, minimum=1)}, _BLOCK),
    "table": json_object(
        {"rows": array_of(array_of(_CELL, maximum=20), maximum=100)},
        {**_BLOCK, "column_settings": array_of(_column, maximum=20)},
    ),
    "alert": json_object(
        {"text": text(200)}, {**_BLOCK, "level": one_of("default", "info", "warning", "error", "success")}
    ),
}
_REFUSED_ON: dict[Surface, set[str]] = {
    "message": {"input", "alert"},
    "modal": {"markdown", "table"},
    "home": {"markdown", "table", "alert"},
}
# NB. Slack accepts input blocks in messages. Without a submit button nobody gets what was typed, so no
# message of ours may contain one, and the simulator is stricter here.
_BLOCKS_ON: dict[Surface, Check] = {
    surface: object_by_type({name: check for name, check in BLOCKS.items() if name not in away})
    for surface, away in _REFUSED_ON.items()
}


def problems(blocks: object, surface: Surface, pointer: str = "/blocks") -> list[str]:
    """List everything that Slack would refuse in `blocks` on `surface`, with JSON pointers; empty when valid."""
    block_problems = list(array_of(_BLOCKS_ON[surface], minimum=0, maximum=MAX_BLOCKS[surface])(blocks, pointer))
    if block_problems or not isinstance(blocks, list):
        return block_problems
    return [
        *_duplicates(blocks, pointer),
        *_message_limits(blocks, pointer),
        *_files_off_modals(blocks, surface, pointer),
    ]


def elements_of(block: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the elements of a block, each with its JSON pointer inside the block; no texts and images."""
    if block["type"] == "actions":
        return [(f"/elements/{index}", element) for index, element in enumerate(block["elements"])]
    name = {"section": "accessory", "input": "element"}.get(block["type"], "")
    if name in block and block[name]["type"] != "image":
        return [(f"/{name}", block[name])]
    return []


def _duplicates(blocks: list[dict[str, Any]], pointer: str) -> Iterator[str]:
    """Check that a block_id is unique in its message or view, and an action_id in its block.

    Only one element may have the focus at the start.
    """
    seen: set[str] = set()
    focused = 0
    for index, block in enumerate(blocks):
        if (block_id := block.get("block_id")) in seen:
            yield problem(f"block_id already exists: {block_id}", f"{pointer}/{index}/block_id")
        if block_id:
            seen.add(block_id)
        actions: set[str] = set()
        for where, element in elements_of(block):
            if (action_id := element.get("action_id")) in actions:
                yield problem(f"action_id already exists: {action_id}", f"{pointer}/{index}{where}/action_id")
            if action_id:
                actions.add(action_id)
            focused += bool(element.get("focus_on_load"))
            if focused > 1 and element.get("focus_on_load"):
                yield problem("only one element may have focus_on_load", f"{pointer}/{index}{where}/focus_on_load")


def _files_off_modals(blocks: list[dict[str, Any]], surface: Surface, pointer: str) -> Iterator[str]:
    """Check that files are asked for in modals only (Slack: "File input")."""
    for index, block in enumerate(blocks):
        for where, element in elements_of(block):
            if element["type"] == "file_input" and surface != "modal":
                yield problem("unsupported type: file_input", f"{pointer}/{index}{where}/type")


def _message_limits(blocks: list[dict[str, Any]], pointer: str) -> Iterator[str]:
    """Check the limits of a whole message: the length of all markdown text, and one table only."""
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    if markdown > MAX_MARKDOWN_CHARACTERS:
        yield problem(f"markdown blocks must hold less than {MAX_MARKDOWN_CHARACTERS + 1} characters in all", pointer)
    if sum(block["type"] == "table" for block in blocks) > 1:
        yield problem("only_one_table_allowed", pointer)
