"""Files of every format give the same rows; what cannot be read with certainty is refused by name."""

import codecs
import json
from contextlib import suppress
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from tests.workflows.sheets.files import ROWS, with_part, workbook
from workflows.core.batches.sheets.cells import Formula, Merged, OtherValue, RawRow, SheetForm, Swallowed
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.sheets.limits import MAX_BYTES, MAX_ROWS, MAX_UNPACKED_BYTES
from workflows.sheets.reading import load_sheet, read_sheet

CSV = b"Domain,Template,End date\ncontoso.com,low-risk,2027-05-01\n"
TOML = b"""
[[partners]]
partner = "contoso.com"
template = "low-risk"
ends_on = 2027-05-01
[partners.placeholders]
pilot_group = "1b4f"
"""


def refused(name: str, content: bytes, sheet: str = "") -> Fact:
    with pytest.raises(SheetUnusable) as caught:
        read_sheet(name, content, sheet=sheet)
    (fact,) = caught.value.facts
    return fact


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        CSV.replace(b",", b";"),
        CSV.replace(b",", b"\t"),
        CSV.replace(b"\n", b"\r\n"),
        codecs.BOM_UTF8 + CSV,
        CSV.decode().encode("utf-16"),
        b"\n,,\n" + CSV,
        CSV.replace(b"\n", b"\r"),
        b"\r\r" + CSV.replace(b"\n", b"\r").replace(b",", b";"),
    ],
)
def test_csv_is_read_with_every_separator_line_end_and_byte_order_mark(content: bytes) -> None:
    sheet = read_sheet("partners.CSV", content).sheet
    assert sheet.header == ("Domain", "Template", "End date")
    assert [row.cells for row in sheet.rows] == [("contoso.com", "low-risk", "2027-05-01")]


def test_the_hash_is_that_of_the_bytes_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "partners.csv"
    content = b'Domain,Reason\n\ncontoso.com,"two\nlines"\n ,\nfabrikam.com,\n'
    path.write_bytes(content)
    found = load_sheet(path)
    assert (found.name, found.digest) == ("partners.csv", sha256(content).hexdigest())
    assert found.sheet.rows == (RawRow(3, ("contoso.com", "two\nlines")), RawRow(5, ("fabrikam.com", None)))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("Domain\ncontoso.com\nmünchen.de\n".encode("cp1252"), 3),
        ("Domain\ncontoso.com\n".encode("utf-16-le"), 1),
        ("Domain\ncontoso.com\n".encode("utf-32"), 1),
    ],
)
def test_another_encoding_is_named_with_its_line_and_never_guessed(content: bytes, line: int) -> None:
    assert refused("partners.csv", content) == Fact(SheetCode.WRONG_ENCODING, {"line": line})


def test_a_text_over_lines_of_which_one_looks_like_a_row_is_no_value() -> None:
    """A quotation mark that is closed only later would hide the rows between."""
    content = b'Domain,Template,Reason\na.com,x,"two\nlines"\nb.com,x,"open\nc.com,x,y"\nd.com,x,"1, 2\n3, 4"\n'
    cells = [one.cells[2] for one in read_sheet("a.csv", content).sheet.rows]
    assert cells == ["two\nlines", Swallowed(), "1, 2\n3, 4"]


def test_a_workbook_gives_values_days_and_formulas_by_their_place() -> None:
    rows: list[list[Any]] = [*ROWS, ['=CONCAT("con","toso.com")', "low-risk", datetime(2027, 5, 1)], [None, "x", 46388]]  # noqa: DTZ001
    sheet = read_sheet("partners.xlsx", workbook(rows)).sheet
    assert sheet.header == ("Domain", "Template", "End date")
    assert sheet.rows == (
        RawRow(2, ("contoso.com", "low-risk", "2027-05-01")),
        RawRow(3, (Formula(), "low-risk", date(2027, 5, 1))),
        RawRow(4, (None, "x", 46388.0)),
    )


def test_a_merged_area_over_rows_gives_no_row_its_value_and_one_in_a_row_does() -> None:
    rows: list[list[Any]] = [
        ["Domain", "Template"],
        ["contoso.com", "low-risk"],
        [None, "low-risk"],
        ["fabrikam.com", None],
    ]
    sheet = read_sheet("partners.xlsx", workbook(rows, merged=["A2:A3", "A4:B4"])).sheet
    assert [row.cells for row in sheet.rows] == [
        (Merged(), "low-risk"),
        (Merged(), "low-risk"),
        ("fabrikam.com", None),
    ]


def test_of_several_visible_sheets_one_must_be_named_and_hidden_ones_are_never_read() -> None:
    content = workbook(sheets={"Old": "hidden"})
    assert read_sheet("partners.xlsx", content).sheet.rows[0].cells[0] == "contoso.com"
    assert refused("partners.xlsx", content, "Old").code == SheetCode.NO_SUCH_SHEET
    several = workbook(sheets={"2024": "visible"})
    assert refused("partners.xlsx", several) == Fact(SheetCode.SEVERAL_SHEETS, {"sheets": ["Partners", "2024"]})
    assert read_sheet("partners.xlsx", several, sheet="Partners").sheet.rows[0].cells[0] == "contoso.com"


def test_a_workbook_that_unpacks_too_large_is_refused_before_it_is_unpacked() -> None:
    content = with_part(workbook(), "xl/media/bomb.bin", bytes(MAX_UNPACKED_BYTES + 1))
    assert len(content) < MAX_BYTES
    assert refused("partners.xlsx", content).code == SheetCode.UNPACKS_TOO_LARGE


def test_a_part_whose_size_is_a_lie_is_refused_as_damaged() -> None:
    large = 1_234_567  # bytes that stand nowhere else in the file
    content = with_part(workbook(), "xl/media/bomb.bin", bytes(large))
    lie = content.replace(large.to_bytes(4, "little"), (16).to_bytes(4, "little"))
    assert lie != content
    assert refused("partners.xlsx", lie) == Fact(SheetCode.DAMAGED, {"part": "xl/media/bomb.bin"})


@pytest.mark.parametrize("name", ["partners.json", "partners.toml"])
def test_lists_of_objects_are_read_with_placeholders(name: str) -> None:
    one = {"partner": "contoso.com", "template": "low-risk", "placeholders": {"pilot_group": "1b4f"}}
    content = TOML if name.endswith("toml") else json.dumps({"partners": [one, {"partner": "fabrikam.com"}]}).encode()
    sheet = read_sheet(name, content).sheet
    place = sheet.header.index("placeholders.pilot_group")
    assert (sheet.rows[0].number, sheet.rows[0].cells[0], sheet.rows[0].cells[place]) == (1, "contoso.com", "1b4f")
    if name.endswith("toml"):
        assert sheet.rows[0].cells[sheet.header.index("ends_on")] == date(2027, 5, 1)
    else:
        assert sheet.rows[1] == RawRow(2, ("fabrikam.com", None, None))


def test_a_list_of_json_may_stand_alone_and_a_nested_value_is_no_text() -> None:
    sheet = read_sheet("a.json", b'[{"partner": ["contoso.com"], "ticket": "a\\ud800"}]').sheet
    assert sheet.rows == (RawRow(1, (OtherValue('["contoso.com"]'), OtherValue("a?"))),)


def test_a_time_of_day_and_an_enormous_number_of_a_file_are_no_value() -> None:
    sheet = read_sheet("a.toml", b"[[partners]]\nends_on = 10:00:00\ndays = 0x" + b"f" * 9000).sheet
    assert [type(cell) for cell in sheet.rows[0].cells] == [OtherValue, OtherValue]


def test_a_value_of_any_depth_is_no_value_and_stops_nothing() -> None:
    found: set[type] = set()
    for depth in range(900, 1000):
        with suppress(SheetUnusable):
            content = b'[{"partner": ' + b"[" * depth + b"]" * depth + b"}]"
            found |= {type(cell) for cell in read_sheet("a.json", content).sheet.rows[0].cells}
    assert found <= {OtherValue}


QUOTES: Final = {
    f"after a text with {more} more {kind} quotes": b", ".join([quote * 3 + b"z" + quote * (3 + more)] * 2)
    for more in (1, 2)
    for kind, quote in (("double", b'"'), ("single", b"'"))
}
"""Two texts of several lines, each with one or two quotes before those that end it: what follows is a key."""


@pytest.mark.parametrize(
    "name",
    [
        b".".join([b"a"] * 20_000),
        b" . ".join([b"'a.b'"] * 5),
        b"\t.\t".join([b'"a\\".b"'] * 5),
        b"x = 1\n[" + b".".join([b"a"] * 20_000) + b"]\nx",
        b"x = '''a'''\n" + b".".join([b"a"] * 5),
        *(b"x = [%b]\n" % text + b".".join([b"a"] * 5) for text in QUOTES.values()),
    ],
    ids=["letters", "quoted with spaces", "quoted with tabs", "of a table", "after a long text", *QUOTES],
)
def test_the_parser_of_toml_is_not_given_a_name_of_many_parts(monkeypatch: pytest.MonkeyPatch, name: bytes) -> None:
    monkeypatch.setattr("workflows.sheets.object_files.tomllib.loads", _not_called)
    fact = refused("partners.toml", b"[[partners]]\n" + name + b" = 1\n")
    reason = {"name": "", "reason": "the name of a key has more than 4 parts"}
    assert fact == Fact(SheetCode.NOT_READABLE, reason)


def test_the_parser_of_toml_is_not_given_very_many_long_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.sheets.object_files.tomllib.loads", _not_called)
    names = b"".join(b"x%d.a.a.a=1\n" % one for one in range(70_000))
    assert refused("partners.toml", b"[[partners]]\n" + names).code == SheetCode.NOT_READABLE


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"".join(b"k%d=1\n" % one for one in range(1_000_000)), SheetCode.TOO_MANY_COLUMNS),
        (b"".join(b"[a%d]\n" % one for one in range(300_000)), SheetCode.TOO_MANY_ROWS),
        (b"[[partners]]\npartner='a'\n" * 20_002, SheetCode.TOO_MANY_ROWS),
        (b"partners=[" + b"{}," * 30_000 + b"]", SheetCode.TOO_MANY_ROWS),
        (b"partners=[" + b"1," * 1_000_000 + b"]", SheetCode.NOT_READABLE),
    ],
    ids=["keys", "tables", "rows", "objects", "values"],
)
def test_the_parser_of_toml_is_not_given_very_many_keys_rows_or_values(
    monkeypatch: pytest.MonkeyPatch, content: bytes, code: SheetCode
) -> None:
    """A million keys took half a minute before they were refused."""
    monkeypatch.setattr("workflows.sheets.object_files.tomllib.loads", _not_called)
    assert refused("partners.toml", content).code == code


def test_the_largest_sheet_is_read_as_toml() -> None:
    row = b"[[partners]]\npartner='a'\ntemplate='t'\nreason='a = b, [[c]] {d}'\nplaceholders={a='1', b='2'}\n"
    assert len(read_sheet("partners.toml", row * 10_000).sheet.rows) == 10_000


def _not_called(_: str) -> None:
    pytest.fail("it would take gigabytes")


def test_dots_in_texts_and_comments_of_toml_are_no_parts_of_a_name() -> None:
    dots = b".".join([b"a"] * 50)
    basic, literal = b'"' + dots + b'\\".b"', b"'" + dots + b"'"
    several = [b'"""\n' + dots + b'"." \\""""', b"'''\n" + dots + b"'.'\n'''"]
    texts = [basic, literal, *several]
    content = b"".join(b"[[partners]] # %b\nreason = %b\n" % (dots, text) for text in texts)
    assert len(read_sheet("partners.toml", content).sheet.rows) == len(texts)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b'[{"partner": "contoso.com", "partner": "fabrikam.com"}]', "partner"),
        (b'{"partners": [], "partners": [{"partner": "fabrikam.com"}]}', "partners"),
        (b'[{"placeholders": {"group": "a"}, "placeholders.group": "b"}]', "placeholders.group"),
    ],
)
def test_a_key_that_is_there_twice_is_named(content: bytes, key: str) -> None:
    assert refused("partners.json", content) == Fact(SheetCode.KEY_TWICE, {"key": key})


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("partners.xls", b"", SheetCode.UNKNOWN_FORMAT),
        ("partners", b"", SheetCode.UNKNOWN_FORMAT),
        ("partners.csv", b"", SheetCode.NO_ROWS),
        ("partners.csv", b"Domain\n\n,\n", SheetCode.NO_ROWS),
        ("partners.csv", b"d" * (MAX_BYTES + 1), SheetCode.TOO_LARGE),
        ("partners.csv", b'Domain\n"contoso', SheetCode.NOT_READABLE),
        ("partners.csv", b"Domain\n" + b"c" * 40_000, SheetCode.NOT_READABLE),
        ("partners.csv", b"Domain\n" + b"contoso.com\n" * (MAX_ROWS + 1), SheetCode.TOO_MANY_ROWS),
        ("partners.csv", b"Domain" + b",a" * 60 + b"\n", SheetCode.TOO_MANY_COLUMNS),
        ("partners.xlsx", b"Domain\n", SheetCode.OTHER_CONTENT),
        ("partners.xlsx", b"PK\x03\x04", SheetCode.NOT_READABLE),
        ("partners.json", b"[" + b"{}," * (2 * MAX_ROWS + 1) + b"{}]", SheetCode.TOO_MANY_ROWS),
        ("partners.json", b"{", SheetCode.NOT_READABLE),
        ("partners.json", b"[" * 100_000, SheetCode.NOT_READABLE),
        ("partners.json", b'"\xff"', SheetCode.WRONG_ENCODING),
        ("partners.json", b'{"rows": []}', SheetCode.NOT_A_LIST),
        ("partners.json", b'["contoso.com"]', SheetCode.NOT_A_LIST),
        ("partners.toml", b"partners = 1", SheetCode.NOT_A_LIST),
        ("partners.toml", b"partners =", SheetCode.NOT_READABLE),
    ],
)
def test_what_is_no_sheet_is_refused_with_its_reason(name: str, content: bytes, code: SheetCode) -> None:
    assert refused(name, content).code == code


def test_a_workbook_with_too_many_rows_is_refused() -> None:
    content = workbook([["Domain"], *([["contoso.com"]] * (MAX_ROWS + 1))])
    assert refused("partners.xlsx", content).code == SheetCode.TOO_MANY_ROWS


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(SheetUnusable) as caught:
        load_sheet(tmp_path / "missing.csv")
    assert caught.value.facts[0].values == {"name": "missing.csv", "reason": "No such file or directory"}


def test_a_file_with_the_keys_of_one_request_is_one_row() -> None:
    content = b'partner = "contoso.com"\ntemplate = "low-risk"\n[placeholders]\npilot_group = "1b4f"\n'
    found = read_sheet("request.toml", content)
    assert found.sheet.form is SheetForm.REQUEST
    assert found.sheet.header == ("partner", "template", "placeholders.pilot_group")
    assert [row.cells for row in found.sheet.rows] == [("contoso.com", "low-risk", "1b4f")]
    assert read_sheet("partners.toml", TOML).sheet.form is SheetForm.LIST
    assert read_sheet("partners.csv", CSV).sheet.form is SheetForm.TABLE


def test_a_key_beside_the_list_is_refused_by_name() -> None:
    fact = refused("partners.toml", b'template = "low-risk"\n' + TOML)
    assert (fact.code, fact.values["key"]) == (SheetCode.KEY_UNKNOWN, "template")


@pytest.mark.parametrize(
    "content",
    [
        b'{"b2bCollaborationInbound": {"usersAndGroups": {"accessType": "allowed", "targets": '
        b'[{"target": "allusers", "targetType": "user"}]}}}',
        b'[b2bCollaborationInbound.usersAndGroups]\naccessType = "allowed"\n'
        b'targets = [{target = "allusers", targetType = "user"}]\n',
    ],
    ids=["JSON", "TOML"],
)
def test_a_pasted_example_of_graph_is_recognised_and_corrected(content: bytes) -> None:
    fact = refused("request.toml", content)
    assert fact.code == SheetCode.GRAPH_EXAMPLE
    assert fact.values["corrections"] == [
        "b2bCollaborationInbound.usersAndGroups.targets.0.target: 'allusers': write “AllUsers”"
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"partner": "contoso.com"}', SheetCode.NOT_READABLE),
        (b'{"b2bDirectConnectInbound": null}', SheetCode.GRAPH_EXAMPLE),
        (b"\xff\xfe", SheetCode.WRONG_ENCODING),
        (b"x = " + b"[" * 5000 + b"]" * 5000, SheetCode.NOT_READABLE),
        (b"duration_days = " + b"9" * 5000, SheetCode.NOT_READABLE),
        (b"", SheetCode.NO_ROWS),
    ],
)
def test_what_is_no_request_is_refused_with_its_reason(content: bytes, code: SheetCode) -> None:
    assert refused("request.toml", content).code == code
