"""What Slack refuses in blocks is refused with the place; what it takes passes."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.slack.block_kit.blocks import Surface, problems
from tests.bot.sandbox.slack.samples import actions, button, option, plain, text_input

TEXT = {"type": "mrkdwn", "text": "x"}
SECTION = {"type": "section", "text": TEXT}


def select(**more: Any) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "s", "options": [option("a"), option("b")], **more}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


SOUND: list[tuple[str, Surface, dict[str, Any]]] = [
    ("section", "message", SECTION),
    ("section with fields and accessory", "message", {"type": "section", "fields": [TEXT] * 10, "accessory": button()}),
    ("longest section", "message", {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}),
    ("divider", "home", {"type": "divider"}),
    ("header", "message", {"type": "header", "text": plain("x" * 150)}),
    ("context", "message", {"type": "context", "elements": [TEXT, plain("y")]}),
    ("25 buttons", "message", actions(*[button(f"a{n}") for n in range(25)])),
    ("input", "modal", text_input()),
    ("select that starts somewhere", "modal", {**text_input(), "element": select(initial_option=option("b"))}),
    ("image", "message", {"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a"}),
    ("rich text", "message", rich({"type": "text", "text": "x", "style": {"bold": True}})),
    ("markdown", "message", {"type": "markdown", "text": "x" * 12_000}),
    ("table", "message", {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 20] * 100}),
    ("alert", "modal", {"type": "alert", "text": TEXT, "level": "warning"}),
    ("radio buttons", "modal", {**text_input(), "element": {"type": "radio_buttons", "options": [option("a")]}}),
    ("people", "modal", {**text_input(), "element": {"type": "multi_users_select", "max_selected_items": 2}}),
]

UNSOUND: list[tuple[str, Surface, Any, str]] = [
    ("no array", "message", "x", "must be an array [json-pointer:/blocks]"),
    ("no object", "message", ["x"], "must be an object [json-pointer:/blocks/0]"),
    ("no type", "message", [{}], "missing required field: type [json-pointer:/blocks/0]"),
    ("unknown block", "message", [{"type": "secton"}], "unsupported type: secton [json-pointer:/blocks/0/type]"),
    (
        "unknown property",
        "message",
        [{**SECTION, "colour": "red"}],
        "invalid additional property: colour [json-pointer:/blocks/0]",
    ),
    (
        "empty text",
        "message",
        [{"type": "section", "text": plain("")}],
        "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        "long section",
        "message",
        [{"type": "section", "text": plain("x" * 3001)}],
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        "nothing to say",
        "message",
        [{"type": "section"}],
        "missing required field: text or fields [json-pointer:/blocks/0]",
    ),
    (
        "long field",
        "message",
        [{"type": "section", "fields": [TEXT, {"type": "mrkdwn", "text": "x" * 2001}]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/1/text]",
    ),
    (
        "11 fields",
        "message",
        [{"type": "section", "fields": [TEXT] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    (
        "mrkdwn header",
        "message",
        [{"type": "header", "text": TEXT}],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ),
    (
        "long header",
        "message",
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        "no elements",
        "message",
        [{"type": "actions", "elements": []}],
        "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        "26 buttons",
        "message",
        [actions(*[button(f"a{n}") for n in range(26)])],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        "11 in context",
        "message",
        [{"type": "context", "elements": [TEXT] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        "51 blocks",
        "message",
        [SECTION] * 51,
        "no more than 50 items allowed [json-pointer:/blocks]",
    ),
    ("101 blocks", "modal", [SECTION] * 101, "no more than 100 items allowed [json-pointer:/blocks]"),
    (
        "long button",
        "message",
        [actions({**button(), "text": plain("x" * 76)})],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    (
        "long button value",
        "message",
        [actions(button(value="x" * 2001))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        "long action_id",
        "message",
        [actions(button("x" * 256))],
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    (
        "unknown style",
        "message",
        [actions({**button(), "style": "green"})],
        "must be a valid enum value: primary, danger [json-pointer:/blocks/0/elements/0/style]",
    ),
    (
        "same action_id",
        "message",
        [actions(button(), button())],
        "action_id already exists: approve [json-pointer:/blocks/0/elements/1/action_id]",
    ),
    (
        "same block_id",
        "message",
        [{**SECTION, "block_id": "b"}, {"type": "divider", "block_id": "b"}],
        "block_id already exists: b [json-pointer:/blocks/1/block_id]",
    ),
    (
        "long option text",
        "message",
        [actions(select(options=[{"text": plain("x" * 76), "value": "a"}]))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/text/text]",
    ),
    (
        "long option value",
        "message",
        [actions(select(options=[{"text": plain("x"), "value": "a" * 151}]))],
        "must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
    ),
    (
        "101 options",
        "message",
        [actions(select(options=[option(f"o{n}") for n in range(101)]))],
        "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    (
        "start that is no option",
        "message",
        [actions(select(initial_option=option("c")))],
        "initial_option must be one of the options [json-pointer:/blocks/0/elements/0/initial_option]",
    ),
    (
        "neither options nor groups",
        "message",
        [actions({"type": "static_select"})],
        "exactly one of options and option_groups is required [json-pointer:/blocks/0/elements/0]",
    ),
    (
        "6 in overflow",
        "message",
        [{**SECTION, "accessory": {"type": "overflow", "options": [option(f"o{n}") for n in range(6)]}}],
        "no more than 5 items allowed [json-pointer:/blocks/0/accessory/options]",
    ),
    (
        "long confirm title",
        "message",
        [actions({**button(), "confirm": {"title": plain("x" * 101)}})],
        "must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]",
    ),
    (
        "button inside an input",
        "modal",
        [{**text_input(), "element": button()}],
        "unsupported type: button [json-pointer:/blocks/0/element/type]",
    ),
    (
        "field inside actions",
        "message",
        [actions({"type": "plain_text_input"})],
        "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
    ),
    ("input in a message", "message", [text_input()], "unsupported type: input [json-pointer:/blocks/0/type]"),
    (
        "alert in a message",
        "message",
        [{"type": "alert", "text": TEXT}],
        "unsupported type: alert [json-pointer:/blocks/0/type]",
    ),
    (
        "long alert",
        "modal",
        [{"type": "alert", "text": plain("x" * 201)}],
        "must be less than 201 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        "markdown in all",
        "message",
        [{"type": "markdown", "text": "x" * 6001}] * 2,
        "markdown blocks must hold less than 12001 characters in all [json-pointer:/blocks]",
    ),
    (
        "21 cells",
        "message",
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}],
        "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]",
    ),
    (
        "101 rows",
        "message",
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}],
        "no more than 100 items allowed [json-pointer:/blocks/0/rows]",
    ),
    (
        "unknown rich text",
        "message",
        [rich({"type": "blink", "text": "x"})],
        "unsupported type: blink [json-pointer:/blocks/0/elements/0/elements/0/type]",
    ),
    (
        "wrong date",
        "message",
        [actions({"type": "datepicker", "initial_date": "1.2.2026"})],
        "must be a date in the format YYYY-MM-DD [json-pointer:/blocks/0/elements/0/initial_date]",
    ),
    (
        "lengths the wrong way round",
        "modal",
        [text_input(element={"min_length": 5, "max_length": 4})],
        "min_length must be less than or equal to max_length [json-pointer:/blocks/0/element]",
    ),
    (
        "two that take the focus",
        "modal",
        [text_input("a", element={"focus_on_load": True}), text_input("b", element={"focus_on_load": True})],
        "only one element may have focus_on_load [json-pointer:/blocks/1/element/focus_on_load]",
    ),
]


@pytest.mark.parametrize(("surface", "block"), [case[1:] for case in SOUND], ids=[case[0] for case in SOUND])
def test_sound_blocks_pass(surface: Surface, block: dict[str, Any]) -> None:
    assert problems([block], surface) == []


@pytest.mark.parametrize(
    ("surface", "blocks", "expected"), [case[1:] for case in UNSOUND], ids=[case[0] for case in UNSOUND]
)
def test_problem_is_named_with_its_place(surface: Surface, blocks: Any, expected: str) -> None:
    assert expected in problems(blocks, surface)


def test_same_action_id_in_different_blocks_is_fine() -> None:
    """A list with one button a line is how everybody builds it."""
    assert problems([actions(button(), block_id="a"), actions(button(), block_id="b")], "home") == []


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside a JSON value."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *places(value[key])]]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "text", "value"]), inner),
    max_leaves=4,
)


@settings(deadline=None)  # how long one input takes depends on what else the machine does
@given(st.data())
def test_no_invalid_input_breaks_the_checker(data: st.DataObject) -> None:
    """Whatever the input, the answer is a list of problems, never an exception."""
    _, surface, block = data.draw(st.sampled_from([case for case in SOUND if case[0] != "table"]))
    spoilt = [copy.deepcopy(block)]
    container, key = data.draw(st.sampled_from(places(spoilt)))
    container[key] = data.draw(JUNK)
    assert all(isinstance(text, str) for text in problems(spoilt, surface))
