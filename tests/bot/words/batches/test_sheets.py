"""Everything that can be wrong with a sheet has a plain sentence with its values, and says what to do."""

from typing import Any, Final

import pytest

from bot.words.batches.sheet_report import columns_words, counts_words
from bot.words.refusals.sentences import fact_words
from bot.words.refusals.sheets import problem_words
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import recognise
from workflows.core.batches.sheets.judged import RowVerdict
from workflows.core.errors.facts import Fact

VALUES: Final[dict[str, Any]] = {
    "name": "partners.csv",
    "reason": "no such file",
    "known": [".csv", ".xlsx"],
    "limit_bytes": 10 * 2**20,
    "limit": 300,
    "line": 7,
    "part": "xl/sheet1.xml",
    "sheets": ["Partners", "Old"],
    "sheet": "Old",
    "key": "partners",
    "new": "placeholders",
    "corrections": ["targets: write “AllUsers”"],
    "header": ["Company", "Domain"],
    "column": "partner",
    "titles": ["Domain", "Tenant ID"],
    "title": "Tenant",
    "field": "colour",
    "typed": "04/05/2027",
    "columns": 9,
    "row": 4,
    "rows": [4, 8],
    "expected": "5e0c",
    "found": "77ab",
}


@pytest.mark.parametrize("code", SheetCode)
def test_every_code_has_a_sentence_that_names_its_values(code: SheetCode) -> None:
    words = fact_words(Fact(code, VALUES))
    assert words != str(Fact(code, VALUES))
    assert "{" not in words
    assert all(len(sentence.split()) <= 20 for sentence in words.split(". ")), words


def test_a_cells_problem_follows_its_column() -> None:
    words = problem_words("ends_on", fact_words(Fact(SheetCode.CELL_DATE_UNCLEAR, {"typed": "04/05/2027"})))
    assert words == "ends_on: can be read as more than one day, or as none: 04/05/2027; write it as 2027-06-30"


def test_the_columns_are_shown_with_their_titles_and_those_that_are_not_used() -> None:
    header = ("Company", "Domain", "Pilot group")
    assert list(columns_words(recognise(header, ["pilot_group"]), header)) == [
        "Columns: partner = “Domain”, placeholders.pilot_group = “Pilot group”",
        "Not used: “Company”",
    ]


def test_only_verdicts_that_a_row_has_are_counted() -> None:
    counts = {RowVerdict.ADD: 1200, RowVerdict.REFUSED: 0}
    assert counts_words(counts, {RowVerdict.ADD: "would be added"}) == "1,200 rows: 1,200 would be added."
