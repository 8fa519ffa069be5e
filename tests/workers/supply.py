"""Decide which test a worker runs next, so that a worker stays in a file, and none waits at the end."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import pytest

GROUP: Final = "xdist_group"
"""The marker of tests that run in one worker, one after the other; pytest-xdist reads the same one."""


@dataclass(slots=True, eq=False)
class Unit:
    """Tests that one worker runs in order, by their place in the session: those of a file, or of a group."""

    tests: deque[int]
    is_whole: bool = False
    """Whether all of them must run in one worker."""


def units_of(items: Sequence[pytest.Item]) -> list[Unit]:
    """Put tests together, groups first: nobody can help with them at the end."""
    groups: dict[str, list[int]] = {}
    files: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        if group := "_".join(sorted(map(_name_of_group, item.iter_markers(GROUP)))):
            groups.setdefault(group, []).append(place)
        else:
            files.setdefault(item.nodeid.partition("::")[0], []).append(place)
    whole = [Unit(deque(tests), is_whole=True) for tests in groups.values()]
    return whole + [Unit(deque(tests)) for tests in files.values()]


def _name_of_group(mark: pytest.Mark) -> str:
    return str(mark.args[0] if mark.args else mark.kwargs.get("name", "default"))


class Supply:
    """The tests that nobody runs yet."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._unstarted = deque(units)
        self._started: dict[int, Unit] = {}
        """The unit of each worker."""

    def next_for(self, worker: int) -> int | None:
        """Take the next test of a worker's unit, or of another one; None when there is nothing left for it."""
        unit = self._started.get(worker)
        if unit is None or not unit.tests:
            unit = self._unstarted.popleft() if self._unstarted else self._half_of_longest()
            if unit is None:
                return None
            self._started[worker] = unit
        return unit.tests.popleft()

    def give_back(self, worker: int, tests: Iterable[int]) -> None:
        """Take back what a worker that ended did not run, with the rest of its unit."""
        unit = self._started.pop(worker)
        unit.tests.extendleft(reversed(list(tests)))
        if unit.tests:
            self._unstarted.appendleft(unit)

    def _half_of_longest(self) -> Unit | None:
        """Split the unit that has most tests left."""
        rest = [unit for unit in self._started.values() if unit.tests and not unit.is_whole]
        if not rest:
            return None
        longest = max(rest, key=lambda unit: len(unit.tests))
        tests = [longest.tests.pop() for _ in range((len(longest.tests) + 1) // 2)]
        return Unit(deque(reversed(tests)))
