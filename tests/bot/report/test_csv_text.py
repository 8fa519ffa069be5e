"""A cell of a CSV file is never read as a formula, and never becomes two cells or two rows."""

import csv
import io

import pytest

from bot.report.csv_text import MAX_CELL_CHARACTERS, csv_row, join_values, safe_cell

MARKUP = "<!channel> <@U1> <https://evil.example|Approve> *Approved by CISO* `code`"
FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://evil.example")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "\0=1",
    "  =1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "\u200b=1",
]


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.threats("E4")
def test_a_formula_becomes_a_text(text: str) -> None:
    assert safe_cell(text).startswith("'")
    (cell,) = next(csv.reader(io.StringIO(csv_row([text]))))
    assert cell.startswith("'")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Contoso",
        "<!channel> <@U1> <https://evil.example|Approve> *Approved by CISO* `code`",
        "a=1",
        "2026-11-27",
        "1-1",
        "R-ABC",
    ],
)
@pytest.mark.threats("E1")
def test_any_other_text_stays(text: str) -> None:
    assert safe_cell(text) == text


def test_separators_quotes_and_line_breaks_stay_in_one_cell() -> None:
    hostile = 'a","=1+1","b;=2\r\n=3'
    row = csv_row([hostile, "next"])
    assert row.count("\r\n") == 1
    first, second = next(csv.reader(io.StringIO(row)))
    assert (first.replace(" ", ""), second) == ('a","=1+1","b;\'=2=3', "next")


def test_a_cell_is_not_longer_than_a_spreadsheet_takes() -> None:
    assert len(safe_cell("=" + "x" * 40_000)) <= MAX_CELL_CHARACTERS


@pytest.mark.threats("E4")
def test_no_formula_begins_where_a_spreadsheet_splits_at_semicolons() -> None:
    """A spreadsheet with a European list separator may read the file with semicolons between the cells."""
    shown = csv_row(["fine", 'x;=HYPERLINK("http://evil.example");y; +1;"@SUM(1)'])
    for cell in shown.split(";")[1:]:
        assert not cell.lstrip().lstrip('"').startswith(("=", "+", "-", "@")), cell


def test_a_reason_cannot_look_like_another_decision() -> None:
    assert join_values(["A: no | B: approved", "C"]) == "A: no ¦ B: approved | C"
