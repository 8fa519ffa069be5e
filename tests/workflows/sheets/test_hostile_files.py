"""What other people put into files: each is refused or judged by its row, and nothing of it is guessed."""

import gzip
import json
from typing import Final

import pytest

from tests.workflows.sheets.files import workbook
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable, columns_of
from workflows.core.batches.sheets.rows import SheetRow, read_row
from workflows.sheets.reading import read_sheet
from workflows.sheets.received import FileNotUsable, ReceivedFile, ReceivedFileCode, read_by_content

CSV: Final = "Domain,Template,Ends on\ncontoso.com,guest-collaboration,2027-06-30\n"


def rows(name: str, content: bytes) -> list[SheetRow]:
    """Return the rows of a file as they are judged by themselves."""
    sheet = read_sheet(name, content).sheet
    columns = columns_of(sheet)
    return [read_row(raw, columns) for raw in sheet.rows]


def problems(row: SheetRow) -> list[tuple[str, str]]:
    """Return what is wrong with a row, by its column."""
    return [(one.column, one.fact.code) for one in row.problems]


@pytest.mark.parametrize("content", [CSV.encode("utf-16"), b"\xef\xbb\xbf" + CSV.encode()], ids=["utf-16", "bom"])
def test_a_mark_at_the_beginning_is_no_part_of_the_first_title(content: bytes) -> None:
    [row] = rows("partners.csv", content)
    assert (row.number, row.partner, row.problems) == (2, "contoso.com", ())


@pytest.mark.parametrize(
    "content", [CSV.encode("utf-16-le"), gzip.compress(CSV.encode())], ids=["utf-16_unmarked", "gzip"]
)
def test_bytes_that_are_no_text_are_refused_under_the_name_of_a_table(content: bytes) -> None:
    with pytest.raises(SheetUnusable) as caught:
        read_sheet("partners.csv", content)
    assert caught.value.facts[0].code == SheetCode.WRONG_ENCODING


def test_a_compressed_file_is_no_sheet_where_the_content_counts() -> None:
    with pytest.raises(FileNotUsable) as caught:
        read_by_content(ReceivedFile(name="partners.csv", content=gzip.compress(CSV.encode())))
    assert caught.value.facts[0].code == ReceivedFileCode.OTHER_CONTENT


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\x00"], ids=ascii)
def test_characters_that_nobody_sees_are_named_with_their_row_and_column(hidden: str) -> None:
    [row] = rows("partners.json", json.dumps([{"partner": f"con{hidden}toso.com", "template": "block"}]).encode())
    assert (row.number, row.partner, problems(row)) == (1, "", [("partner", SheetCode.CELL_CONTROL)])


@pytest.mark.parametrize(
    "content",
    [
        b'[{"partner": "contoso.com", "partner": "fabrikam.com"}]',
        b'[{"partner": "contoso.com", "placeholders": {"a": "1", "a": "2"}}]',
        b'[{"partner": "contoso.com", "placeholders": {"a": "1"}, "placeholders.a": "2"}]',
    ],
    ids=["key", "inside", "flat"],
)
def test_a_doubled_key_is_no_value(content: bytes) -> None:
    with pytest.raises(SheetUnusable) as caught:
        read_sheet("partners.json", content)
    assert caught.value.facts[0].code == SheetCode.KEY_TWICE


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (46203, SheetCode.CELL_DATE_IS_NUMBER),
        ("46203", SheetCode.CELL_DATE_IS_NUMBER),
        ("04/05/2027", SheetCode.CELL_DATE_UNCLEAR),
        ("2027-02-30", SheetCode.CELL_NO_SUCH_DAY),
        ("=TODAY()", SheetCode.CELL_FORMULA),
    ],
)
def test_what_is_no_certain_day_is_named_with_its_row(day: object, code: SheetCode) -> None:
    header = ["Domain", "Template", "Ends on"]
    [_, row] = rows("p.xlsx", workbook([header, ["a.example", "block", None], ["b.example", "block", day]]))
    assert (row.number, row.ends_on, problems(row)) == (3, None, [("ends_on", code)])
