"""What of a sheet's rows must be looked at: said on the card, with the rows in Details."""

from dataclasses import replace

import pytest

from bot.words.batches.effects import attention_words
from tests.bot.sample_sheets import sheet_row
from tests.workflows.core.builders import NOW
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source

LOOK_ALIKE = Finding(
    code=FindingCode.LOOK_ALIKE, severity=Severity.WARNING, source=Source.RECORDS, values={"other": "partner9.example"}
)
MAIL = Finding(code=FindingCode.ENCRYPTED_MAIL, severity=Severity.WARNING, source=Source.OWN_RULE)
FIRST = "partner000.example resembles partner9.example"
SECOND = "partner001.example: encrypted mail is blocked"


@pytest.mark.parametrize(
    ("warned", "later", "words"),
    [
        (0, 0, ""),
        (1, 0, f"⚠️ {FIRST}"),
        (2, 1, f"⚠️ 2 warnings ({FIRST}; {SECOND}), 1 starting later"),
        (3, 0, f"⚠️ 3 warnings ({FIRST}; {SECOND}; …)"),
        (0, 2, "2 starting later"),
    ],
)
def test_rows_with_warnings_and_with_a_later_start_are_counted_and_the_first_two_warnings_named(
    warned: int, later: int, words: str
) -> None:
    rows = [replace(sheet_row(number), findings=()) for number in range(4)]
    for number, finding in list(enumerate((LOOK_ALIKE, MAIL, MAIL)))[:warned]:
        rows[number] = replace(rows[number], findings=(finding,))
    for number in range(later):
        asked = rows[-1 - number].asked
        assert asked is not None
        rows[-1 - number] = replace(rows[-1 - number], asked=replace(asked, starts_at=NOW))
    assert attention_words(rows) == words


def test_what_resembles_our_own_domain_is_named_first() -> None:
    own = replace(LOOK_ALIKE, values={"other": "woodgrove.com", "is_own": True})
    findings = ((LOOK_ALIKE,), (MAIL,), (MAIL, own))
    rows = [replace(sheet_row(number), findings=one) for number, one in enumerate(findings)]
    assert attention_words(rows) == f"⚠️ 3 warnings (partner002.example resembles woodgrove.com; {FIRST}; …)"
