"""What the domain calls an action reads as the command that a person types."""

import re
from pathlib import Path
from typing import Final

import pytest

from bot.slack.blocks.actions import COMMANDS, with_commands
from bot.slack.blocks.untrusted import clean
from workflows.core.text import Action

WORKFLOWS: Final = Path(__file__).parents[4] / "workflows"
CHAT_WORDS: Final = re.compile(r"slack|/partner(?![s_])|block_id|mrkdwn|\bts\b", re.IGNORECASE)
RELEASED_SCHEMA: Final = WORKFLOWS / "store" / "migrations.py"
"""Its released steps are never edited; a later one renames their column."""


@pytest.mark.parametrize("action", list(Action))
def test_every_action_has_a_command(action: Action) -> None:
    assert with_commands(f"See {action}.") == f"See {COMMANDS[action]}."
    assert clean(f"See {action}.", 200) == f"See {COMMANDS[action]}."


def test_other_quoted_words_stay() -> None:
    assert with_commands("No tenant has “contoso”, see “list partners now”.") == (
        "No tenant has “contoso”, see “list partners now”."
    )


def test_the_domain_does_not_know_what_chat_system_it_serves() -> None:
    found = {
        f"{path.relative_to(WORKFLOWS)}:{number}"
        for path in WORKFLOWS.rglob("*")
        if path.suffix in (".py", ".toml", ".txt") and path != RELEASED_SCHEMA
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if CHAT_WORDS.search(line)
    }
    assert found == set()
