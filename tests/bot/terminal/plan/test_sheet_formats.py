"""The end of a report says what it does not know."""

import pytest

from bot.terminal.plan.sheet_formats import SheetFormat, writer_of
from bot.words.batches.sheet_report import PERHAPS_DOUBLE
from workflows.core.batches.sheets.judged import JudgedRow, RowVerdict
from workflows.core.batches.sheets.rows import SheetRow


@pytest.mark.parametrize("verdict", RowVerdict)
def test_only_rows_that_are_not_known_may_contradict_others(verdict: RowVerdict) -> None:
    written: list[str] = []
    writer = writer_of(SheetFormat.TEXT, written.append, is_comparison=False)
    writer.take(JudgedRow(row=SheetRow(number=2, partner="contoso.com"), verdict=verdict))
    writer.finish(None)
    assert (f"{PERHAPS_DOUBLE}\n" in written) == (verdict is RowVerdict.NOT_READ)
    assert any(line.startswith("No request is made and nothing is written in Entra.") for line in written)
