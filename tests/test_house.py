"""The packages: the drawing shows the imports, no folder is too large, no imports form a circle."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import grimp
import pytest

from tests.house import PAGE, drawn_page, layers_of, shown_arrows

PROJECT: Final = Path(__file__).parents[1]
MAX_ENTRIES: Final = 12
MAX_LINES: Final = 300
MIN_LINES: Final = 40
MAX_FUNCTION_LINES: Final = 40
RELEASED_MIGRATIONS: Final = re.compile(r"^m[0-9]{3}_")
"""A released migration is never edited, however long it is."""


def folders() -> Iterator[Path]:
    """Every folder of the source, with the packages' own."""
    for top in ("bot", "workflows"):
        yield from (one.parent for one in sorted((PROJECT / top).rglob("__init__.py")))


def entries(folder: Path) -> list[str]:
    """The modules and packages right in a folder."""
    modules = [one.stem for one in folder.glob("*.py") if not one.stem.startswith("__")]
    return sorted(modules + [one.parent.name for one in folder.glob("*/__init__.py")])


def test_the_drawing_is_that_of_the_imports() -> None:
    assert PAGE.read_text() == drawn_page(), "draw it again: uv run poe draw"


@pytest.mark.parametrize("folder", list(folders()), ids=lambda one: str(one.relative_to(PROJECT)))
def test_no_folder_has_more_entries_than_a_reader_takes_in(folder: Path) -> None:
    assert len(entries(folder)) <= MAX_ENTRIES, entries(folder)


def test_a_circle_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match=r"a circle among \['a', 'b'\]"):
        layers_of({"a": frozenset({"b"}), "b": frozenset({"a"}), "c": frozenset()})


def test_an_arrow_that_a_longer_way_says_is_left_out() -> None:
    arrows = {"top": frozenset({"middle", "low"}), "middle": frozenset({"low"}), "low": frozenset()}
    assert list(shown_arrows(arrows)) == [("middle", "low"), ("top", "middle")]
    assert layers_of(arrows) == {"low": 0, "middle": 1, "top": 2}


def test_every_package_says_what_it_is_about() -> None:
    for folder in folders():
        first = (folder / "__init__.py").read_text().partition("\n")[0]
        assert first.startswith('"""'), folder
        assert len(first) > 20, folder


def test_a_long_file_says_why_it_is_long() -> None:
    for folder in folders():
        for path in folder.glob("*.py"):
            text = path.read_text()
            if text.count("\n") > MAX_LINES:
                assert "long because" in (ast.get_docstring(ast.parse(text)) or ""), path


def own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function from its first to its last, without the functions that are defined in it."""
    inner = [
        one
        for one in ast.walk(function)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one is not function
    ]
    return len(set(lines_of(function)) - {line for one in inner for line in lines_of(one)})


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> range:
    """Return the numbers of a function's lines."""
    return range(function.lineno, (function.end_lineno or function.lineno) + 1)


def test_no_function_is_longer_than_a_reader_takes_in() -> None:
    """The sandbox's too. A function defined in another one counts for itself."""
    long = [
        f"{path.relative_to(PROJECT)}: {one.name}, {own_lines(one)} lines"
        for top in ("bot", "workflows")
        for path in sorted((PROJECT / top).rglob("*.py"))
        for one in ast.walk(ast.parse(path.read_text()))
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        if len(lines_of(one)) > MAX_FUNCTION_LINES < own_lines(one) and not RELEASED_MIGRATIONS.match(one.name)
    ]
    assert not long, "\n".join(long)


def test_a_small_file_has_several_callers_or_is_a_boundary() -> None:
    """Its docstring names the boundary. Ports are one."""
    graph = grimp.build_graph("bot", "workflows")
    for folder in folders():
        for path in folder.glob("*.py"):
            where = path.relative_to(PROJECT)
            text = path.read_text()
            if path.stem.startswith("__") or where.as_posix().startswith("workflows/ports/"):
                continue
            if text.count("\n") < MIN_LINES and "boundary" not in (ast.get_docstring(ast.parse(text)) or ""):
                callers = graph.find_modules_that_directly_import(".".join(where.with_suffix("").parts))
                assert len(callers) > 1, f"{where}: join it with {callers}, or say which boundary it is"


HANDMADE: Final = re.compile(
    r"""["']s["'] if|["']["'] if [\w.()]+ == 1 else ["']s["']|["']1 \w.*["'] if .+ == 1 else"""
)


def test_plural_forms_are_made_in_one_place() -> None:
    """The sandbox is left out, because it shares nothing with the bot."""
    for folder in folders():
        for path in folder.glob("*.py"):
            where = path.relative_to(PROJECT).as_posix()
            if not where.startswith(("bot/sandbox/", "bot/words/sentences.py")):
                assert not HANDMADE.search(path.read_text()), f"{where}: use counted of bot/words/sentences.py"
