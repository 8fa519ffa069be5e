"""Which stories run with PostgreSQL too: all but those that say why not."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.sources import modules_naming
from tests.stores import choice

TESTS: Final = Path(__file__).parent
SQLITE_ONLY: Final[dict[str, str]] = {}
"""Each story about the file of SQLite itself, and the story of PostgreSQL in its place; empty where there is none."""


def marked(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Give each test or module with the mark, and the texts in the mark."""
    for path, tree in modules_naming([choice.SQLITE_ONLY], folder.rglob("test_*.py")):
        for node in ast.walk(tree):
            for mark in getattr(node, "decorator_list", []) + ([node.value] if isinstance(node, ast.Assign) else []):
                for call in ast.walk(mark):
                    if isinstance(call, ast.Attribute) and call.attr == choice.SQLITE_ONLY:
                        name = getattr(node, "name", "every test")
                        yield f"{path.relative_to(TESTS)}::{name}", _texts_of(mark)


def _texts_of(mark: ast.AST) -> list[str]:
    return [one.value for one in ast.walk(mark) if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def test_the_stories_without_postgresql_are_these_and_each_says_why() -> None:
    found = dict(marked(TESTS))
    assert set(found) == set(SQLITE_ONLY)
    assert all(reasons and all(len(one.split()) > 3 for one in reasons) for reasons in found.values()), found


def test_what_takes_the_place_of_a_story_of_sqlite_is_there() -> None:
    for name in filter(None, SQLITE_ONLY.values()):
        file, _, test = name.partition("::")
        assert f"def {test}(" in (TESTS / file).read_text()


@pytest.mark.parametrize(("mark", "has_mark"), [("story", True), ("browser", True), ("crash", True), ("matrix", False)])
def test_with_the_option_each_story_has_the_mark(
    mark: str, has_mark: bool, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_STORE", choice.POSTGRES)
    item = pytest.Function.from_parent(request.node.parent, name="test", callobj=lambda: None)
    item.add_marker(mark)
    choice.mark_stories([item])
    assert (item.get_closest_marker(choice.POSTGRES) is not None) == has_mark
    other = pytest.Function.from_parent(request.node.parent, name="other", callobj=lambda: None)
    other.add_marker(mark)
    other.add_marker(getattr(pytest.mark, choice.SQLITE_ONLY)("it copies the file"))
    choice.mark_stories([other])
    assert other.get_closest_marker(choice.POSTGRES) is None
