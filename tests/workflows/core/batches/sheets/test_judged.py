"""Rows are counted by what became of them."""

from datetime import date

import pytest

from tests.workflows.core.checks.conditional_access.test_sharing import row, shared
from tests.workflows.core.policies import policy
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict, counts_of, refused_if_shorter
from workflows.core.batches.sheets.rows import SheetRow
from workflows.core.errors.facts import Fact
from workflows.core.errors.refusal_codes import RefusalCode


def test_every_verdict_is_counted_also_one_that_no_row_has() -> None:
    rows = [JudgedRow(row=SheetRow(number=number), verdict=RowVerdict.REFUSED) for number in (2, 3)]
    assert counts_of(rows) == dict.fromkeys(RowVerdict, 0) | {RowVerdict.REFUSED: 2}


def test_a_row_is_marked_where_an_enforced_policy_certainly_locks_people_out() -> None:
    document = policy("block")
    blocked = shared(document, rows=[row(document, applies=True)])
    report_only = shared(policy("block", state="enabledForReportingButNotEnforced"), rows=[])
    marked = [
        JudgedRow(row=SheetRow(number=2), verdict=RowVerdict.ADD, access=access).is_locked_out
        for access in (blocked, report_only, None)
    ]
    assert marked == [True, False, False]


@pytest.mark.parametrize(
    ("ends_on", "ends_at", "is_before"),
    [
        (date(2027, 3, 30), "2027-04-01T00:00:00+00:00", True),
        (date(2027, 3, 31), "2027-04-01T00:00:00+00:00", False),
        (date(2027, 4, 1), "2027-04-01T00:00:00+00:00", False),
        (None, "2027-04-01T00:00:00+00:00", False),
        (date(2027, 3, 30), None, False),
    ],
)
def test_a_row_may_end_before_the_access_that_stands(
    ends_on: date | None, ends_at: str | None, *, is_before: bool
) -> None:
    """An access until midnight of the next day lasts the whole day."""
    values = {} if ends_at is None else {"ends_at": ends_at}
    nothing = Fact(RefusalCode.ACCESS_NOT_EXTENDED, values)
    sheet_row = SheetRow(number=2, ends_on=ends_on)
    judged = JudgedRow(row=sheet_row, verdict=RowVerdict.UNCHANGED, nothing=nothing)
    assert judged.ends_before_access is is_before
    found = refused_if_shorter(judged)
    codes = [(problem.column, problem.fact.code) for problem in found.problems]
    refused = (RowVerdict.REFUSED, [("ends_on", SheetCode.ENDS_BEFORE_ACCESS)], None)
    assert (found.verdict, codes, found.nothing) == (refused if is_before else (RowVerdict.UNCHANGED, [], nothing))
    assert not JudgedRow(row=sheet_row, verdict=RowVerdict.UNCHANGED).ends_before_access
