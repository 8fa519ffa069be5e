"""Damaged files of people and admins: a value, or an error that names the problem; never another exception."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.damage import damaged, damaged_bytes
from tests.fuzz.extent import bounded, fuzzed
from tests.workflows.sheets.files import SHARED_TEXTS, cell, number, row, styles, with_sheet, workbook
from workflows.catalog.catalog import SHIPPED, Catalog, CatalogProblems, load_catalog
from workflows.core.batches.sheets.columns import SheetUnusable, columns_of
from workflows.core.batches.sheets.rows import read_row
from workflows.sheets.limits import MAX_ROWS
from workflows.sheets.reading import read_sheet
from workflows.sheets.received import FileNotUsable, ReceivedFile, read_by_content

OBJECTS: Final = [
    {"partner": "contoso.com", "template": "guest-collaboration", "ends_on": "2027-06-30", "placeholders": {"a": "1"}},
    {"partner": "fabrikam.com", "template": "contractor-portal", "duration_days": 90, "sponsor": "a@woodgrove.com"},
]
CSV: Final = (
    b'Domain,Template,Ends on,Ticket,Why\r\ncontoso.com,block,2027-06-30,PRJ-1,"a, ""b""\r\nc"\r\n'
    b"fabrikam.com,guest-collaboration,,,\r\n"
)
TOML: Final = b'# ours\n[[partners]]\npartner = "contoso.com"\ntemplate = "block"\nends_on = 2027-06-30\n'
SHEET_XML: Final = with_sheet(
    row(2, cell("A2", "contoso.com"), number("B2", "46203", 1), '<c r="C2" t="s"><v>0</v></c>'),
    after='<mergeCells count="1"><mergeCell ref="A3:A4"/></mergeCells>',
    parts={
        "xl/styles.xml": styles(0, 14, "yyyy-mm-dd"),
        SHARED_TEXTS: b"<sst><si><t>one</t></si><si><r><t>two</t></r></si></sst>",
    },
)


def read_whole(name: str, content: bytes) -> None:
    """Read a file as the command line does, and by its content as Slack's side does; judge its rows."""
    with bounded():
        for reads_content in (False, True):
            try:
                received = ReceivedFile(name=name, content=content)
                sheet = (read_by_content(received) if reads_content else read_sheet(name, content)).sheet
                columns = columns_of(sheet, ("a", "portal"))
            except (SheetUnusable, FileNotUsable):
                continue
            assert len(sheet.rows) <= MAX_ROWS
            for raw in sheet.rows:
                judged = read_row(raw, columns)
                assert judged.problems or judged.partner


@given(damaged_bytes(st.just(CSV)) | st.binary(max_size=200))
@fuzzed(60)
def test_a_damaged_csv_file_is_read_or_refused(content: bytes) -> None:
    read_whole("partners.csv", content)


@given(damaged_bytes(st.sampled_from([TOML, b"[a]\nb.c.d = [1, {e = 2}]\n"])) | st.binary(max_size=200))
@fuzzed(60)
def test_a_damaged_toml_file_is_read_or_refused(content: bytes) -> None:
    read_whole("partners.toml", content)


@given(
    damaged(st.just(OBJECTS), most=5).map(lambda one: json.dumps(one).encode())
    | damaged_bytes(st.just(json.dumps(OBJECTS).encode()))
)
@fuzzed(60)
def test_a_damaged_json_file_is_read_or_refused(content: bytes) -> None:
    read_whole("partners.json", content)


def _with_damaged_part() -> st.SearchStrategy[bytes]:
    """Draw workbooks that unpack well, and of which one part is damaged."""
    with zipfile.ZipFile(io.BytesIO(SHEET_XML)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    def packed(name: str, part: bytes) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for one, text in {**parts, name: part}.items():
                archive.writestr(one, text)
        return content.getvalue()

    return st.sampled_from(sorted(parts)).flatmap(
        lambda name: damaged_bytes(st.just(parts[name])).map(lambda part: packed(name, part))
    )


@given(damaged_bytes(st.sampled_from([SHEET_XML, workbook()])) | _with_damaged_part())
@fuzzed(60)
def test_a_damaged_workbook_is_read_or_refused(content: bytes) -> None:
    read_whole("partners.xlsx", content)


# --- templates, roles and holidays ---

TEMPLATE_FILES: Final = sorted(path.name for path in SHIPPED.glob("*.toml"))


def catalog_with(folder: Path, name: str, content: bytes) -> Catalog | None:
    """Load the shipped templates with one file replaced; None when it is refused with the problem said."""
    for file in TEMPLATE_FILES:
        (folder / file).write_bytes(content if file == name else (SHIPPED / file).read_bytes())
    if name not in TEMPLATE_FILES:
        (folder / name).write_bytes(content)
    with bounded():
        try:
            return load_catalog(folder)
        except CatalogProblems:
            return None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that only its owner can write to."""
    (tmp_path / "templates").mkdir(mode=0o700)
    return tmp_path / "templates"


HOLIDAYS: Final = b"dates = [2026-12-25, 2027-01-01, 9999-12-31]\n"


def documents() -> st.SearchStrategy[tuple[str, Any]]:
    """Draw a shipped file and its content."""
    return st.sampled_from(TEMPLATE_FILES).flatmap(
        lambda name: damaged(st.just(tomlkit.parse((SHIPPED / name).read_text()).unwrap())).map(
            lambda content: (name, content)
        )
    )


def as_toml(document: Any) -> bytes:
    """Write a damaged document, without what TOML has no word for."""

    def known(value: Any) -> Any:
        match value:
            case None:
                return "none"
            case dict():
                return {_encodable(str(name)): known(inside) for name, inside in value.items()}
            case list():
                return [known(inside) for inside in value]
            case str():
                return _encodable(value)
            case int() if not isinstance(value, bool) and abs(value) >= 2**63:
                return str(value)
            case _:
                return value

    return tomlkit.dumps(known(document) if isinstance(document, dict) else {"value": known(document)}).encode()


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@given(documents())
@fuzzed(60)
def test_a_template_with_wrong_values_is_loaded_or_the_problem_is_said(folder: Path, file: tuple[str, Any]) -> None:
    name, document = file
    catalog_with(folder, name, as_toml(document))


@given(
    st.sampled_from(TEMPLATE_FILES).flatmap(
        lambda name: damaged_bytes(st.just((SHIPPED / name).read_bytes())).map(lambda content: (name, content))
    )
)
@fuzzed(40)
def test_a_damaged_template_is_loaded_or_the_problem_is_said(folder: Path, file: tuple[str, bytes]) -> None:
    catalog_with(folder, *file)


@given(damaged_bytes(st.just(HOLIDAYS)))
@fuzzed(40)
def test_a_damaged_list_of_holidays_is_loaded_or_the_problem_is_said(folder: Path, content: bytes) -> None:
    catalog_with(folder, "holidays.toml", content)
