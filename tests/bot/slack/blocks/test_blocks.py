"""Blocks: as many as Slack takes, and what Slack's SDK checks of them."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.basic_objects import EMPTY_ALLOWED_TYPE_AND_PROPERTY_LIST, JsonObject
from slack_sdk.models.blocks import Block, BlockElement, Option, PlainTextObject, StaticSelectElement
from slack_sdk.models.views import View, ViewState, ViewStateValue

from bot.slack.blocks.blocks import (
    MAX_BLOCKS,
    actions,
    button,
    cleaned_text,
    fixed_text,
    header,
    plain_text,
    preformatted_text,
    small_text,
    with_local_times,
    within_limits,
)
from bot.slack.blocks.conversion import as_json, checks_of, members_of
from tests.bot.shipped_cards import waiting
from tests.bot.surfaces import card, details, shown
from tests.warm.block_checks import MEMBERS_BY_SDK, elements_of
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.store.columns import typed_search_text


@pytest.mark.threats("E2")
def test_too_many_blocks_are_cut_and_counted() -> None:
    for surface, most in MAX_BLOCKS.items():
        made = within_limits([small_text(str(number)) for number in range(most + 7)], surface)
        assert len(made) == most
        assert "8 more parts are not shown here." in shown(made[-1])


def kinds(of: Any) -> Iterator[Any]:
    """Every class of the SDK whose objects have a form in JSON."""
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_the_checks_of_a_class_are_those_that_the_sdk_looks_for() -> None:
    found = 0
    for kind in {kind for kind in kinds(JsonObject) if not kind.__abstractmethods__}:
        made = object.__new__(kind)
        looked_for = []
        for name in (name for name in dir(made) if not name.startswith("__")):
            value = getattr(kind, name) if isinstance(getattr(kind, name), property) else getattr(made, name, None)
            if callable(value) and hasattr(value, "validator"):
                looked_for.append(name)
        assert checks_of(kind) == tuple(looked_for), kind
        found += len(looked_for)
    assert found > 100
    with pytest.raises(SlackObjectFormationError):
        button("A button whose action id is too long", "x" * 256, "value").to_dict()
    with pytest.raises(SlackObjectFormationError):
        within_limits([actions("decision", button("In a block", "x" * 256, "value"))], "message")


def test_the_kinds_of_elements_that_tests_remember_are_those_that_the_sdk_looks_for() -> None:
    looked_for = [kind for kind in kinds(BlockElement) if hasattr(kind, "type")]
    assert list(elements_of(BlockElement)) == looked_for
    assert len(looked_for) > 40


def test_a_block_is_converted_as_the_sdk_converts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards of every template, elements that may be empty and others, and objects that convert themselves."""
    blocks: list[Any] = []
    for template in load_catalog(SHIPPED).templates.values():
        asked = waiting(template)
        blocks += Block.parse_all([*card(asked).blocks, *details(asked).blocks])
    for one in EMPTY_ALLOWED_TYPE_AND_PROPERTY_LIST:
        blocks.append(BlockElement.parse({"type": one["type"], one["property"]: [], "style": "bullet"}))
    chosen = StaticSelectElement(action_id="chosen", options=[Option(value="1", text=PlainTextObject(text="One"))])
    state = ViewState(values={"block": {"chosen": ViewStateValue(type="static_select", value="", selected_users=[])}})
    blocks += [chosen, state, View(type="modal", blocks=Block.parse_all(blocks[0:3]), state=state, private_metadata="")]
    converted = [members_of(block) for block in blocks]
    assert [as_json(block) for block in blocks[:-1]] == [block.to_dict() for block in blocks[:-1]]
    monkeypatch.setattr(JsonObject, "get_non_null_attributes", MEMBERS_BY_SDK)
    assert converted == [block.get_non_null_attributes() for block in blocks]
    assert len(converted) > 100


SHORT_ID: Final = "R-A2B3C4D5E6"
UNBROKEN: Final = "R\u2011A2B3C4D5E6"


def test_a_short_id_is_not_broken_at_the_end_of_a_line_and_is_found_when_it_is_copied() -> None:
    """Browsers and Slack break after the usual hyphen."""
    told = f"See {SHORT_ID}."
    runs = [fixed_text(told), cleaned_text(told), *with_local_times(told, 100)]
    assert [as_json(run)["text"] for run in runs] == [f"See {UNBROKEN}."] * 3
    assert plain_text(told, 100).text == f"See {UNBROKEN}."
    assert as_json(header(told))["text"]["text"] == f"See {UNBROKEN}."
    assert typed_search_text(UNBROKEN.lower()) == typed_search_text(SHORT_ID.lower())


def test_what_is_copied_as_code_and_what_is_no_short_id_keep_their_hyphen() -> None:
    assert as_json(cleaned_text(SHORT_ID, code=True))["text"] == SHORT_ID
    assert SHORT_ID in str(as_json(preformatted_text(SHORT_ID)))
    for other in ("R-2 and PR-A2B3C4D5E6", "well-known", f"{SHORT_ID}7"):
        assert as_json(fixed_text(other))["text"] == other
