"""A workbook is text from outside: what is forged, enormous or damaged is refused, and never ends the process."""

import resource
from datetime import date

import pytest

from tests.workflows.sheets.files import SHARED_TEXTS, cell, number, row, styles, with_part, with_sheet, workbook
from workflows.core.batches.sheets.cells import Formula, Merged, OtherValue, RawRow
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.sheets.cell_formats import Shown, shown_by
from workflows.sheets.limits import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_ROWS
from workflows.sheets.reading import read_sheet

STYLES = "xl/styles.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def rows_of(content: bytes) -> tuple[RawRow, ...]:
    return read_sheet("partners.xlsx", content).sheet.rows


def refused(content: bytes) -> Fact:
    with pytest.raises(SheetUnusable) as caught:
        read_sheet("partners.xlsx", content)
    (fact,) = caught.value.facts
    return fact


def shared(*texts: str) -> bytes:
    return f'<sst xmlns="{MAIN}">{"".join(texts)}</sst>'.encode()


@pytest.mark.parametrize(
    ("place", "line", "code"),
    [
        ("XFD1048576", 1_048_576, SheetCode.TOO_MANY_ROWS),
        ("A10002", 10_002, SheetCode.TOO_MANY_ROWS),
        ("XFD2000", 2000, SheetCode.TOO_MANY_COLUMNS),
        ("BI2", 2, SheetCode.TOO_MANY_COLUMNS),
    ],
)
def test_a_cell_far_out_is_refused_and_takes_no_memory(place: str, line: int, code: SheetCode) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refused(with_sheet(row(line, cell(place, "x")))).code == code
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_cell_far_out_without_a_value_is_nothing_and_the_last_place_is_read() -> None:
    empty = row(MAX_ROWS + 1, cell("BH10001", "x")) + row(1_048_576, '<c r="XFD1048576" s="0"/>')
    assert rows_of(with_sheet(empty)) == (RawRow(MAX_ROWS + 1, (*[None] * (MAX_COLUMNS - 1), "x")),)


def test_texts_are_limited_also_when_many_cells_share_one() -> None:
    places = "".join(row(line, f'<c r="A{line}" t="s"><v>0</v></c>') for line in range(2, 2000))
    long = shared(f"<si><t>{'x' * (MAX_CELL_CHARACTERS + 1)}</t></si>")
    run = f"<r><t>{'x' * MAX_CELL_CHARACTERS}</t></r>"
    in_runs = shared(f"<si>{run}{run}</si>")
    for texts in (long, in_runs):
        assert refused(with_sheet(places, parts={SHARED_TEXTS: texts})) == Fact(
            SheetCode.TEXT_TOO_LONG, {"limit": MAX_CELL_CHARACTERS}
        )
    content = with_sheet(row(2, f'<c r="A2" t="inlineStr"><is>{run}{run}</is></c>'))
    assert refused(content).code == SheetCode.TEXT_TOO_LONG


def test_shared_texts_are_joined_from_their_runs_without_the_hint_how_to_speak() -> None:
    texts = shared("<si><t>a.com</t></si>", "<si><r><t>b.</t></r><r><t>com</t></r><rPh><t>bee</t></rPh></si>")
    both = row(2, '<c r="A2" t="s"><v>1</v></c>') + row(3, '<c t="s"><v>0</v></c>')
    assert rows_of(with_sheet(both, parts={SHARED_TEXTS: texts})) == (RawRow(2, ("b.com",)), RawRow(3, ("a.com",)))


def test_every_place_that_a_formula_fills_is_a_formula() -> None:
    spilled = row(2, cell("A2", "x.com", '<f t="array" ref="A2:A3">B2</f>')) + row(3, cell("A3", "y.com"))
    assert rows_of(with_sheet(spilled)) == (RawRow(2, (Formula(),)), RawRow(3, (Formula(),)))
    of_both = row(2, cell("A2", "x.com", '<f t="shared" si="0" ref="A2:A9">B2</f>'))
    of_both += row(3, cell("A3", "y.com", '<f t="shared" si="0"/>')) + row(4, cell("A4", "z.com"))
    assert [one.cells for one in rows_of(with_sheet(of_both))] == [(Formula(),), (Formula(),), ("z.com",)]


def test_merged_areas_are_taken_only_as_far_as_there_are_values() -> None:
    far = '<mergeCells><mergeCell ref="A2:XFD1048576"/></mergeCells>'
    assert rows_of(with_sheet(row(2, cell("A2", "x.com")), after=far)) == (RawRow(2, (Merged(),) * MAX_COLUMNS),)
    many = "<mergeCells>" + '<mergeCell ref="A1:BH9999"/>' * 20_000 + "</mergeCells>"
    assert refused(with_sheet(row(9999, cell("A9999", "x")), after=many)).code == SheetCode.DAMAGED


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        (row(3, cell("A3", "a.com")) + row(2, cell("A2", "b.com", "<f>1</f>")), "row 2"),
        (row(2, cell("A2", "a.com")) + row(2, cell("A2", "b.com", "<f>1</f>")), "row 2"),
        (row(3, cell("A2", "a.com")), "A2"),
        (row(2, cell("B2", "a.com"), cell("A2", "b.com")), "A2"),
        (row(2, cell("A2", "a.com"), cell("A2", "b.com")), "A2"),
        (row(2, cell("a2", "a.com")), "a2"),
        (row(2, '<c r="A2" t="str"><v>a.com</v><v>b.com</v></c>'), "A2"),
        (row(2, '<c r="A2" t="s"><v>x</v></c>'), "A2"),
        (row(2, '<c r="A2" t="b"><v>2</v></c>'), "A2"),
        (row(2, '<c r="A2" t="d"><v>9999999-99-99</v></c>'), "A2"),
        (row(2, '<c r="A2" t="new"><v>1</v></c>'), "A2"),
        (row(2, number("A2", "1_000")), "A2"),
        (row(2, number("A2", "nan")), "A2"),
        (row(2, number("A2", "1", style=77)), "A2"),
        (row(2, cell("A2", "a.com", '<f t="array" ref="A3:A2">B2</f>')), "A3:A2"),
        ('<row r="x"/>', "row x"),
        (row(2, cell("A2", "&lol;")), "xl/worksheets/sheet1.xml"),
        ("<a>" * 100 + "</a>" * 100, "xl/worksheets/sheet1.xml"),
    ],
)
def test_what_programs_would_read_differently_is_refused_with_its_place(rows: str, part: str) -> None:
    assert refused(with_sheet(rows)) == Fact(SheetCode.DAMAGED, {"part": part})


@pytest.mark.parametrize(
    "part",
    [
        b"<styleSheet",
        b'<!DOCTYPE x [<!ENTITY a "b">]><styleSheet>&a;</styleSheet>',
        styles(0).replace(b"'0'", b"'zz'"),
    ],
)
def test_broken_formats_are_refused(part: bytes) -> None:
    content = with_sheet(row(2, cell("A2", "a.com")), parts={STYLES: part})
    assert refused(content) == Fact(SheetCode.DAMAGED, {"part": STYLES})


def test_a_shared_text_that_is_not_there_is_damage() -> None:
    line = row(2, '<c r="A2" t="s"><v>99</v></c>')
    assert refused(with_sheet(line)) == Fact(SheetCode.DAMAGED, {"part": "no shared texts"})
    content = with_sheet(line, parts={SHARED_TEXTS: shared("<si><t>a.com</t></si>")})
    assert refused(content) == Fact(SheetCode.DAMAGED, {"part": SHARED_TEXTS})


def test_days_are_days_and_what_is_no_certain_day_is_none() -> None:
    formats = styles(0, 14, 46, "[$-409]d\\-mmm\\-yy;@", '0" days"')
    values = [("46388", 1), ("46388.75", 3), ("99999999999", 1), ("-5", 1), ("0.5", 1), ("9999999999", 2), ("30", 4)]
    rows = "".join(row(line, number(f"A{line}", value, style)) for line, (value, style) in enumerate(values, start=2))
    assert [one.cells[0] for one in rows_of(with_sheet(rows, parts={STYLES: formats}))] == [
        date(2027, 1, 1),
        date(2027, 1, 1),
        OtherValue("1e+11"),
        OtherValue("-5"),
        OtherValue("0.5"),
        OtherValue("1e+10"),
        30.0,
    ]


def test_days_of_a_workbook_from_1904_are_counted_from_there() -> None:
    book = (
        f'<workbook xmlns="{MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<workbookPr date1904="1"/><sheets><sheet name="S" r:id="rId1"/></sheets></workbook>'
    )
    parts = {STYLES: styles(14), "xl/workbook.xml": book.encode()}
    written = (
        '<c r="B2" t="d"><v>2027-01-01T00:00:00</v></c><c r="C2" t="e"><v>#N/A</v></c><c r="D2" t="b"><v>1</v></c>'
    )
    (found,) = rows_of(with_sheet(row(2, number("A2", "44926"), written), parts=parts))
    assert found.cells == (date(2027, 1, 1), date(2027, 1, 1), OtherValue("#N/A"), True)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("General", Shown.NUMBER),
        ("0.00E+00", Shown.NUMBER),
        ('0 "days"', Shown.NUMBER),
        ("[Red]#,##0 \\d", Shown.NUMBER),
        ("yyyy-mm-dd", Shown.DAY),
        ("[$-F800]dddd, mmmm dd, yyyy", Shown.DAY),
        ("mmmm", Shown.DAY),
        ("d.m.yy h:mm", Shown.DAY),
        ("h:mm AM/PM", Shown.TIME),
        ("[h]:mm:ss", Shown.TIME),
    ],
)
def test_a_format_says_whether_a_number_is_a_day(code: str, shown: Shown) -> None:
    assert shown_by(code) is shown


def test_a_part_that_is_there_twice_is_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = with_part(workbook(), "xl/workbook.xml", b"<workbook/>")
    assert refused(content).code == SheetCode.DAMAGED
