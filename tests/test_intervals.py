"""Intervals: in one module, each with what it is for, and the same in docs/operations.md."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from workflows import intervals

PROJECT: Final = Path(__file__).parents[1]
ELSEWHERE: Final = (
    "bot/sandbox",  # stands for Slack and Microsoft, with their intervals
    "workflows/core",  # rules stand with their numbers
    "workflows/effects",
    "workflows/app/requests",
    "workflows/app/limits.py",  # an hour is what the settings of the limits count in
    "workflows/intervals.py",
)


def words(value: timedelta | int) -> str:
    """An interval as the table has it: "4 minutes", "reminder 2"."""
    if isinstance(value, int):
        return f"reminder {value}"
    seconds = int(value.total_seconds())
    size, unit = next(one for one in ((3600, "hour"), (60, "minute"), (1, "second")) if seconds % one[0] == 0)
    count = seconds // size
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def rows() -> Iterator[str]:
    """The table's rows, from the module. Pauses are no rows: tests replace them."""
    body = ast.parse(Path(intervals.__file__).read_text()).body
    for said, meant in pairwise(body):
        if isinstance(said, ast.AnnAssign) and isinstance(said.target, ast.Name):
            name = said.target.id
            if isinstance(getattr(intervals, name), intervals.Pauses):
                continue
            assert isinstance(meant, ast.Expr), name
            assert isinstance(meant.value, ast.Constant), name
            yield f"| `{name}` | {words(getattr(intervals, name))} | {meant.value.value!s} |"


def test_the_table_of_intervals_is_that_of_the_module() -> None:
    page = (PROJECT / "docs/operations.md").read_text()
    table = page.partition("| Name | Value | What it is |\n|---|---|---|\n")[2].partition("\n\n")[0]
    assert len(table) > 0
    assert table.splitlines() == list(rows())


def test_no_other_module_has_an_interval_of_its_own() -> None:
    for top in ("bot", "workflows"):
        for path in sorted((PROJECT / top).rglob("*.py")):
            where = path.relative_to(PROJECT).as_posix()
            if not where.startswith(ELSEWHERE):
                for said in ast.parse(path.read_text()).body:
                    value = said.value if isinstance(said, ast.AnnAssign | ast.Assign) else None
                    is_interval = isinstance(value, ast.Call) and ast.unparse(value.func) == "timedelta"
                    assert not is_interval, f"{where}: {ast.unparse(said)}; put it into workflows/intervals.py"
