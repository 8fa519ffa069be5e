"""Find rows about one partner: those that ask for the same again, and those that contradict each other. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.rows import CellProblem, SheetRow
from workflows.core.errors.facts import Fact

_MAX_NAMED: Final = 10
"""How many other rows a problem names."""


def with_doubles(rows: Iterable[SheetRow], partner_of: Mapping[int, str]) -> tuple[SheetRow, ...]:
    """Return the rows, each double with the problem that it is one.

    Of rows that ask for the same, the first counts. Of rows that contradict each other, none does: also where one of
    them is wrong by itself, because nobody knows which one was meant.

    :param partner_of: the partner of each row by the row's number, in one spelling; a row without one is no double.
    """
    found = tuple(rows)
    groups: dict[str, list[SheetRow]] = {}
    for row in found:
        if partner := partner_of.get(row.number):
            groups.setdefault(partner, []).append(row)
    problems = {number: fact for group in groups.values() for number, fact in _problems_of(group).items()}
    return tuple(
        replace(row, problems=(*row.problems, CellProblem("", problems[row.number]))) if row.number in problems else row
        for row in found
    )


def _problems_of(group: Sequence[SheetRow]) -> Mapping[int, Fact]:
    first, *others = group
    if all(_asked(row) == _asked(first) for row in others):
        return {row.number: Fact(SheetCode.SAME_AS_ROW, {"row": first.number}) for row in others}
    numbers = [row.number for row in group]
    return {
        row.number: Fact(
            SheetCode.CONTRADICTS_ROW, {"rows": [one for one in numbers if one != row.number][:_MAX_NAMED]}
        )
        for row in group
    }


def _asked(row: SheetRow) -> tuple[object, ...]:
    """Return what a row asks for. A cell that cannot be used has no value, so what is wrong with it stands for it."""
    return (*row.asks_for, *(problem for problem in row.problems if problem.column))
