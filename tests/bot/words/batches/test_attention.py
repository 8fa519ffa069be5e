"""What of a sheet's rows must be looked at: said on the card, with the rows in Details."""

from dataclasses import replace

import pytest

from bot.words.batches.effects import attention_words
from tests.bot.sample_sheets import sheet_row
from tests.workflows.core.builders import NOW
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source

LOOK_ALIKE = Finding(code=FindingCode.LOOK_ALIKE, severity=Severity.WARNING, source=Source.OWN_RULE)


@pytest.mark.parametrize(
    ("warned", "later", "words"),
    [(0, 0, ""), (1, 0, "⚠️ 1 warning"), (2, 1, "⚠️ 2 warnings, 1 starting later"), (0, 2, "2 starting later")],
)
def test_rows_with_warnings_and_with_a_later_start_are_counted(warned: int, later: int, words: str) -> None:
    rows = [replace(sheet_row(number), findings=()) for number in range(4)]
    rows[:warned] = [replace(row, findings=(LOOK_ALIKE,)) for row in rows[:warned]]
    for number in range(later):
        asked = rows[-1 - number].asked
        assert asked is not None
        rows[-1 - number] = replace(rows[-1 - number], asked=replace(asked, starts_at=NOW))
    assert attention_words(rows) == words
