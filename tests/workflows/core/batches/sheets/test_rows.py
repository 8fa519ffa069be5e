"""Each row is read strictly: what is not certain is named with its column, and no other value takes its place."""

from dataclasses import replace
from datetime import date

import pytest

from workflows.core.batches.sheets.cells import Cell, Formula, Merged, OtherValue, RawRow, Swallowed
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import Columns, recognise
from workflows.core.batches.sheets.doubles import with_doubles
from workflows.core.batches.sheets.rows import CellProblem, SheetRow, read_row
from workflows.core.errors.facts import Fact

HEADER = ("partner", "template", "duration_days", "ends_on", "starts_on", "sponsor", "reason", "ticket", "pilot_group")


def columns() -> Columns:
    return recognise(HEADER, ["pilot_group"])


def row(**cells: Cell) -> SheetRow:
    filled = {"partner": "contoso.com", "template": "low-risk"} | cells
    return read_row(RawRow(2, tuple(filled.get(name) for name in HEADER)), columns())


def problems(read: SheetRow) -> list[tuple[str, str]]:
    return [(problem.column, problem.fact.code) for problem in read.problems]


def test_a_whole_row_is_read_with_its_types() -> None:
    read = row(
        partner=" contoso.com ",
        duration_days=90.0,
        starts_on=date(2027, 1, 4),
        sponsor="ann@fabrikam.com",
        reason="Phase 2\nof the audit",
        ticket=4711.0,
        pilot_group="1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03",
    )
    assert read == SheetRow(
        number=2,
        partner="contoso.com",
        template="low-risk",
        duration_days=90,
        starts_on=date(2027, 1, 4),
        sponsor="ann@fabrikam.com",
        reason="Phase 2\nof the audit",
        ticket="4711",
        placeholders={"pilot_group": "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"},
    )


def test_a_row_without_a_template_gets_the_usual_one() -> None:
    raw = RawRow(2, ("contoso.com", "  "))
    assert read_row(raw, columns(), template="low-risk").template == "low-risk"
    assert problems(read_row(raw, columns())) == [("template", SheetCode.CELL_EMPTY)]


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("partner", "", SheetCode.CELL_EMPTY),
        ("partner", Formula(), SheetCode.CELL_FORMULA),
        ("partner", '=HYPERLINK("https://contoso.com")', SheetCode.CELL_FORMULA),
        ("partner", Merged(), SheetCode.CELL_MERGED),
        ("partner", 12.0, SheetCode.CELL_NOT_TEXT),
        ("partner", True, SheetCode.CELL_NOT_TEXT),
        ("partner", "c" * 301, SheetCode.CELL_TOO_LONG),
        ("partner", "con​toso.com", SheetCode.CELL_CONTROL),
        ("reason", "r" * 2001, SheetCode.CELL_TOO_LONG),
        ("reason", "=1+1", SheetCode.CELL_FORMULA),
        ("ticket", True, SheetCode.CELL_NOT_TEXT),
        ("ticket", 1.5, SheetCode.CELL_NOT_TEXT),
        ("partner", OtherValue('["contoso.com"]'), SheetCode.CELL_OTHER_VALUE),
        ("ends_on", OtherValue("10:00:00"), SheetCode.CELL_OTHER_VALUE),
        ("ticket", 10**400, SheetCode.CELL_NOT_TEXT),
        ("ticket", 1e20, SheetCode.CELL_NOT_TEXT),
        ("duration_days", 10**400, SheetCode.CELL_NOT_A_NUMBER),
        ("duration_days", 1_000_000, SheetCode.CELL_NOT_A_NUMBER),
        ("duration_days", float("inf"), SheetCode.CELL_NOT_A_NUMBER),
        ("duration_days", float("nan"), SheetCode.CELL_NOT_A_NUMBER),
        ("duration_days", "ninety", SheetCode.CELL_NOT_A_NUMBER),
        ("duration_days", 1.5, SheetCode.CELL_NOT_A_NUMBER),
        ("duration_days", -1, SheetCode.CELL_NOT_A_NUMBER),
        ("duration_days", True, SheetCode.CELL_NOT_A_NUMBER),
        ("duration_days", "٩٠", SheetCode.CELL_NOT_A_NUMBER),
        ("ends_on", 46388.0, SheetCode.CELL_DATE_IS_NUMBER),
        ("ends_on", "46388", SheetCode.CELL_DATE_IS_NUMBER),
        ("ends_on", "04/05/2027", SheetCode.CELL_DATE_UNCLEAR),
        ("ends_on", "2027-02-30", SheetCode.CELL_NO_SUCH_DAY),
        ("starts_on", Formula(), SheetCode.CELL_FORMULA),
        ("pilot_group", Merged(), SheetCode.CELL_MERGED),
    ],
)
def test_a_cell_that_is_not_certain_is_named_with_its_column(column: str, cell: Cell, code: SheetCode) -> None:
    name = "placeholders.pilot_group" if column == "pilot_group" else column
    assert problems(row(**{column: cell})) == [(name, code)]


def test_every_problem_of_a_row_is_named_at_once() -> None:
    read = row(partner=Formula(), ends_on=date(2027, 5, 1), duration_days="30", sponsor=Merged())
    assert problems(read) == [
        ("partner", SheetCode.CELL_FORMULA),
        ("sponsor", SheetCode.CELL_MERGED),
        ("ends_on", SheetCode.END_TWICE),
    ]


def test_a_written_day_and_number_are_read_as_a_spreadsheets_own() -> None:
    assert row(ends_on="2027-05-01").ends_on == date(2027, 5, 1)
    assert row(duration_days=" 30 ").duration_days == 30


def test_cells_beyond_the_header_are_named_unless_they_are_empty() -> None:
    raw = RawRow(3, ("contoso.com", "low-risk", *([None] * 7), None, "surplus"))
    read = read_row(raw, columns())
    assert [(problem.column, problem.fact.code) for problem in read.problems] == [("", SheetCode.TOO_MANY_CELLS)]


def test_a_cell_that_perhaps_hides_rows_is_a_problem_also_in_a_column_that_is_not_used() -> None:
    assert problems(row(reason=Swallowed())) == [("reason", SheetCode.CELL_SWALLOWS_ROWS)]
    read = read_row(RawRow(2, ("contoso.com", "low-risk", Swallowed())), recognise(("partner", "template", "Note")))
    assert problems(read) == [("", SheetCode.CELL_SWALLOWS_ROWS)]


def test_a_row_with_a_cell_that_cannot_be_used_contradicts_another_one_and_equals_its_copy() -> None:
    wrong = (CellProblem("duration_days", Fact(SheetCode.CELL_FORMULA)),)
    right = SheetRow(number=2, partner="contoso.com")
    rows = (
        right,
        replace(right, number=3, problems=wrong),
        SheetRow(number=4, partner="b.example", problems=wrong),
        SheetRow(number=5, partner="b.example", problems=wrong),
        SheetRow(number=6, partner="c.example"),
        SheetRow(number=7, partner="c.example", problems=(CellProblem("", Fact(SheetCode.TOO_MANY_CELLS)),)),
    )
    found = with_doubles(rows, {one.number: one.partner for one in rows})
    added = {one.number: one.problems[-1].fact.code for one in found if one.problems}
    assert added == {
        2: SheetCode.CONTRADICTS_ROW,
        3: SheetCode.CONTRADICTS_ROW,
        4: SheetCode.CELL_FORMULA,
        5: SheetCode.SAME_AS_ROW,
        7: SheetCode.SAME_AS_ROW,
    }


def test_rows_that_ask_for_the_same_count_once_and_contradicting_rows_not_at_all() -> None:
    rows = [
        SheetRow(number=2, partner="contoso.com", template="low-risk"),
        SheetRow(number=3, partner="CONTOSO.com", template="low-risk"),
        SheetRow(number=4, partner="fabrikam.com", template="low-risk"),
        SheetRow(number=5, partner="fabrikam.com", template="regulated"),
        SheetRow(number=6, partner="?"),
        SheetRow(number=7, partner="alone.com"),
    ]
    partner_of = {2: "contoso.com", 3: "contoso.com", 4: "fabrikam.com", 5: "fabrikam.com", 7: "alone.com"}
    found = {one.number: [problem.fact for problem in one.problems] for one in with_doubles(rows, partner_of)}
    assert [fact.code for fact in found[3]] == [SheetCode.SAME_AS_ROW]
    assert found[3][0].values == {"row": 2}
    assert [(fact.code, fact.values) for number in (4, 5) for fact in found[number]] == [
        (SheetCode.CONTRADICTS_ROW, {"rows": [5]}),
        (SheetCode.CONTRADICTS_ROW, {"rows": [4]}),
    ]
    assert [number for number, facts in found.items() if not facts] == [2, 6, 7]
