"""The path of a click, as docs/architecture.md tells it: few files, all there, each tied to the one before."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import grimp
import pytest

PROJECT: Final = Path(__file__).parents[1]
PAGE: Final = (PROJECT / "docs" / "architecture.md").read_text()
MAX_FILES: Final = 10


class Step(NamedTuple):
    """One numbered line of the list."""

    number: int
    file: str
    mark: str
    """What ties it to the one before where no import does: "through N", "stored effect `Name`", or nothing."""

    @property
    def module(self) -> str:
        """The dotted name."""
        return self.file.removesuffix(".py").replace("/", ".")


def steps_of(page: str) -> list[Step]:
    """Read the numbered list under the heading. A numbered line in another form is an error."""
    part = page.partition("\n## The path of a click\n")[2].partition("\n## ")[0]
    found = re.findall(r"^(\d+)\. `([\w/]+\.py)`(?: \(([^)]+)\))?: \S", part, re.MULTILINE)
    assert len(found) == len(re.findall(r"^\d+\.", part, re.MULTILINE)), "a line is not: number, file, what it does"
    return [Step(int(number), file, mark) for number, file, mark in found]


STEPS: Final = steps_of(PAGE)


@cache
def imports() -> grimp.ImportGraph:
    """Who imports whom."""
    return grimp.build_graph("bot", "workflows", cache_dir=None)


def are_tied(one: str, other: str) -> bool:
    """Tell whether one of two modules imports the other."""
    graph = imports()
    return graph.direct_import_exists(importer=one, imported=other) or graph.direct_import_exists(
        importer=other, imported=one
    )


def names_in(step: Step) -> set[str]:
    """The names that a file's code uses, outside of its import statements."""
    return {node.id for node in ast.walk(ast.parse((PROJECT / step.file).read_text())) if isinstance(node, ast.Name)}


def gap(before: Step, after: Step, steps: list[Step]) -> str:
    """Say what is missing between two steps; nothing where they are tied as the list says."""
    if through := re.fullmatch(r"through (\d+)", after.mark):
        bridge = next((one for one in steps if one.number == int(through[1])), None)
        if bridge is None or bridge.number >= after.number:
            return f"{after.file}: no earlier file is number {through[1]}"
        if are_tied(before.module, after.module):
            return f"{after.file}: an import ties it to {before.file}, so it needs no mark"
        tied = are_tied(before.module, bridge.module) and are_tied(bridge.module, after.module)
        return "" if tied else f"{bridge.file} does not tie {before.file} to {after.file}"
    if effect := re.fullmatch(r"stored effect `(\w+)`", after.mark):
        lacking = [one.file for one in (before, after) if effect[1] not in names_in(one)]
        return f"{effect[1]} is not used in {lacking}" if lacking else ""
    if after.mark:
        return f"{after.file}: nobody knows the mark “{after.mark}”"
    tied = are_tied(before.module, after.module)
    return "" if tied else f"no import ties {before.file} to {after.file}"


def test_it_takes_at_most_ten_files_each_named_once_and_there() -> None:
    assert [step.number for step in STEPS] == list(range(1, len(STEPS) + 1))
    assert len({step.file for step in STEPS}) == len(STEPS) <= MAX_FILES
    assert [step.file for step in STEPS if not (PROJECT / step.file).is_file()] == []


def test_it_leads_from_the_web_server_to_the_lifecycle_over_one_stored_effect() -> None:
    assert STEPS[0].file == "bot/process/web/server.py"
    assert STEPS[-1].file == "workflows/core/requests/lifecycle.py"
    assert [step.mark for step in STEPS if "effect" in step.mark] == ["stored effect `CheckPermission`"]


@pytest.mark.parametrize("index", range(1, len(STEPS)), ids=lambda index: STEPS[index].file)
def test_each_file_is_tied_to_the_one_before(index: int) -> None:
    assert gap(STEPS[index - 1], STEPS[index], STEPS) == ""


def test_a_list_that_leaves_something_out_is_found_out() -> None:
    made_up = steps_of(
        "\n## The path of a click\n\n"
        "1. `bot/process/web/server.py`: a\n"
        "2. `bot/slack/flows/decide/flow.py`: b\n"
        "3. `workflows/app/service.py` (through 1): c\n"
        "4. `workflows/effects/performer.py` (stored effect `ShowHome`): d\n"
        "5. `workflows/core/policy/risk.py` (through 2): e\n"
        "6. `workflows/core/requests/effects.py` (by magic): f\n"
        "7. `workflows/store/sqlite.py` (through 8): g\n"
    )
    gaps = [gap(made_up[index - 1], made_up[index], made_up) for index in range(1, len(made_up))]
    assert gaps == [
        "no import ties bot/process/web/server.py to bot/slack/flows/decide/flow.py",
        "workflows/app/service.py: an import ties it to bot/slack/flows/decide/flow.py, so it needs no mark",
        "ShowHome is not used in ['workflows/app/service.py']",
        "bot/slack/flows/decide/flow.py does not tie workflows/effects/performer.py to workflows/core/policy/risk.py",
        "workflows/core/requests/effects.py: nobody knows the mark “by magic”",
        "workflows/store/sqlite.py: no earlier file is number 8",
    ]
    with pytest.raises(AssertionError, match="a line is not"):
        steps_of("\n## The path of a click\n\n1. the web server\n")


def test_every_path_that_the_page_names_is_there() -> None:
    """In the whole page, and with no bare file names, which nobody can open."""
    named = re.findall(r"`((?:bot|workflows|docs|tests)(?:/[\w.]+)*/?|[\w/]*\w\.(?:py|md))`", PAGE)
    assert len(named) > 60
    assert [path for path in named if "/" in path and not (PROJECT / path).exists()] == []
    assert [path for path in named if "/" not in path and not (PROJECT / path).is_dir()] == ["__init__.py"]
