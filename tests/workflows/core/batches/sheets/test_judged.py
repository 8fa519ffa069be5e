"""Rows are counted by what became of them."""

from tests.workflows.core.checks.conditional_access.test_sharing import row, shared
from tests.workflows.core.policies import policy
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict, counts_of
from workflows.core.batches.sheets.rows import SheetRow


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
