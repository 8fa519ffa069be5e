"""How the tests are spread over the workers."""

import shlex
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest

PROJECT: Final = Path(__file__).parents[1]
MARKS: Final = ("bot", "story", "browser", "matrix", "load", "exhaustive", "crash", "slow", "postgres", "replicas")
PARTS: Final = ("test", "bot", "postgres", "replicas", "stories", "slow")
CHOSEN_BY_MARKS: Final = ("test", "bot", "stories", "slow")
"""Parts that take tests from every folder. What has other marks is in few folders."""
LONG_CHECKS: Final = ("check-long", "check-postgres")
POSTGRES_PARTS: Final = ("stories-postgres", "slow-postgres")
"""What runs once more with `--store postgres`, where each story that is not `sqlite_only` has the mark `postgres`."""
STORIES: Final = ("story", "browser", "crash")


@pytest.mark.xdist_group("together")
def test_tests_of_a_group_run_in_one_worker(request: pytest.FixtureRequest, worker_id: str) -> None:
    """Otherwise each worker starts the sandbox or the browser that a group shares.

    pytest-xdist tells its scheduler the group by the end of the test's ID. With one process there is nothing to spread.
    Forked workers are tested in tests/workers.
    """
    assert worker_id == "master" or request.node.nodeid.endswith("@together")


def test_every_test_runs_in_exactly_one_part_of_the_check() -> None:
    """Only the core's tests run once more, to see how far they cover it."""
    tasks = _tasks()
    parts = {task: compile(_marks_of(tasks[task]), task, "eval") for task in PARTS}
    for task in CHOSEN_BY_MARKS:
        assert shlex.split(tasks[task]["cmd"])[-1] == _marks_of(tasks[task]), f"{task} looks in some folders only"
    for marks in _every_marks():
        assert len([task for task, is_chosen in parts.items() if eval(is_chosen, {}, marks)]) == 1, marks
    long = {one for name in LONG_CHECKS for one in tasks[name]["sequence"]}
    assert {"core", *PARTS} <= {*tasks["check"]["parallel"], *long}


def test_every_story_runs_once_more_with_postgresql() -> None:
    """Kills that are no stories have the mark `crash`, too, and do not run once more."""
    tasks = _tasks()
    parts = {task: compile(_marks_of(tasks[task]), task, "eval") for task in POSTGRES_PARTS}
    for marks in _every_marks():
        if any(marks[name] for name in STORIES) and not marks["matrix"] and not marks["exhaustive"]:
            chosen = [task for task, is_chosen in parts.items() if eval(is_chosen, {}, marks)]
            assert len(chosen) == marks["postgres"], marks
    assert all("--store postgres" in tasks[task]["cmd"] for task in POSTGRES_PARTS)
    assert set(POSTGRES_PARTS) <= set(tasks["check-postgres"]["sequence"])


def _every_marks() -> Iterator[dict[str, bool]]:
    """Every set of marks that a test may have."""
    for some in product((False, True), repeat=len(MARKS)):
        yield dict(zip(MARKS, some, strict=True))


def _tasks() -> dict[str, Any]:
    tasks: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["poe"]["tasks"]
    return tasks


def _marks_of(task: dict[str, str]) -> str:
    """The expression behind `-m` in the command of a task."""
    words = shlex.split(task["cmd"])
    return words[words.index("-m") + 1]


def test_what_starts_a_sandbox_or_a_browser_is_marked() -> None:
    for path in sorted((PROJECT / "tests" / "scenarios").glob("test_*.py")):
        text = path.read_text()
        # Stories in a browser take their marks, this one among them, from browser_page.IN_BROWSER.
        assert "pytest.mark.story" in text or "pytestmark = IN_BROWSER" in text, path.name
