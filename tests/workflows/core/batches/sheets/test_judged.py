"""Rows are counted by what became of them."""

from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict, counts_of
from workflows.core.batches.sheets.rows import SheetRow


def test_every_verdict_is_counted_also_one_that_no_row_has() -> None:
    rows = [JudgedRow(row=SheetRow(number=number), verdict=RowVerdict.REFUSED) for number in (2, 3)]
    assert counts_of(rows) == dict.fromkeys(RowVerdict, 0) | {RowVerdict.REFUSED: 2}
