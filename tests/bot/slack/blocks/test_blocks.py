"""Blocks: as many as Slack takes, and what Slack's SDK checks of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.basic_objects import JsonObject

from bot.slack.blocks.blocks import MOST_BLOCKS, button, footnote, within_limits
from tests.bot.surfaces import shown
from tests.warm.block_checks import checks_of


def test_too_many_blocks_are_cut_and_counted() -> None:
    for surface, most in MOST_BLOCKS.items():
        made = within_limits([footnote(str(number)) for number in range(most + 7)], surface)
        assert len(made) == most
        assert "8 more parts are not shown here." in shown(made[-1])


def kinds(of: Any) -> Iterator[Any]:
    """Every class of the SDK whose objects have a form in JSON."""
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_the_checks_that_tests_remember_are_those_that_the_sdk_looks_for() -> None:
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
