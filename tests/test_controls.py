"""The page of controls names only evidence that exists: commands with their options, columns and pages."""

import re
from pathlib import Path
from typing import Final

import pytest
from typer.main import get_command

from bot.terminal.cli import app

PAGE: Final = Path(__file__).parents[1] / "docs" / "controls.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
COMMANDS: Final = sorted(set(re.findall(r"`gatehouse ([^`]+)`", TEXT)))
ROWS: Final = [row.strip("|").split(" | ") for row in TEXT.splitlines() if row.startswith("| ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_of_the_page_exists_with_its_options(line: str) -> None:
    command = get_command(app)
    words = line.split()
    while words and (inner := getattr(command, "commands", {}).get(words[0])) is not None:
        command = inner
        words = words[1:]
    assert not getattr(command, "commands", None), f"{line}: names no whole command"
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_each_column_of_the_page_is_one_of_the_report() -> None:
    columns = set(re.findall(r"`([a-z_]+)`", (PAGE.parent / "audit.md").read_text(encoding="utf-8")))
    named = {
        name
        for row in ROWS
        for cell in re.findall(r"columns? ([^|;]*)", row[-1])
        for name in re.findall(r"`(\w+)`", cell)
    }
    assert named
    assert named <= columns


def test_each_row_names_evidence() -> None:
    rows = [row for row in ROWS if row[0].strip() not in ("Control", "Policy")]
    assert len(rows) > 20
    assert [row[0] for row in rows if not re.search(r"`gatehouse |\]\(", row[-1])] == []


def test_the_policies_of_the_baseline_are_all_there() -> None:
    assert re.findall(r"^\| (MS\.AAD\.8\.\d) ", TEXT, re.MULTILINE) == ["MS.AAD.8.1", "MS.AAD.8.2", "MS.AAD.8.3"]
