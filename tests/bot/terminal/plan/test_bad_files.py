"""What is no sheet of partners is refused by name at the command line, at once, before anything is asked."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from bot.terminal.cli import app
from tests.workflows.sheets.files import SHARED_TEXTS, cell, row, with_part, with_sheet, workbook

CSV: Final = b"Domain,Template\ncontoso.com,low-risk\n"
MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ENTITIES: Final = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.fixture
def folder(bare_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the command has its settings."""
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID"):
        monkeypatch.setenv(name, "00000000-0000-4000-8000-000000000001")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not a secret")
    return bare_environment


def refused(path: Path, *options: str) -> str:
    """Run the command, assert that the file is refused, and return why."""
    result = CliRunner(env={"COLUMNS": "300", "TERM": "dumb"}).invoke(app, ["import", str(path), "--dry-run", *options])
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    assert "Traceback" not in result.stderr
    title, *lines = result.stderr.splitlines()
    assert title == "The file cannot be used:"
    return " ".join(lines)


def nested() -> bytes:
    """Return a workbook with a packed file inside that would unpack to more."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.bin", bytes(200 * 2**20))
    return with_part(workbook([["Company"], ["x"]]), "xl/media/inner.zip", packed.getvalue())


def overlapping() -> bytes:
    """Return a workbook of which two entries are the same bytes of the file."""
    content = with_part(workbook(), "xl/a.bin", bytes(1000))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first, last = archive.infolist()[0], archive.infolist()[-1]
    place = content.rindex(b"PK\x01\x02")
    assert int.from_bytes(content[place + 42 : place + 46], "little") == last.header_offset
    return content[: place + 42] + first.header_offset.to_bytes(4, "little") + content[place + 46 :]


FILES: Final[dict[str, tuple[str, Callable[[], bytes], str]]] = {
    "text named as a workbook": ("a.xlsx", lambda: CSV, "a.xlsx is no Excel workbook, whatever its ending says."),
    "workbook named as text": ("a.csv", workbook, "a.csv is an Excel workbook. Give it the ending .xlsx."),
    "workbook named as JSON": ("a.json", workbook, "a.json is an Excel workbook."),
    "old or protected workbook": (
        "a.xlsx",
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512),
        "is an old workbook, or one with a password. Save it as .xlsx without a password.",
    ),
    "other encoding": ("a.csv", lambda: "Domain\rmünchen.de\r".encode("cp1252"), "Line 2 is not written in UTF-8."),
    "zero bytes": ("a.csv", lambda: b"Domain\ncontoso.com\nfabri\0kam.com\n", "Line 3 is not written in UTF-8."),
    "another encoding with a mark": ("a.csv", lambda: CSV.decode().encode("utf-32"), "Line 1 is not written in UTF-8."),
    "quotation mark never closed": (
        "a.csv",
        lambda: b'Domain,Reason\n"contoso.com",a\nfabrikam.com,"never\n' + b"x.com,y\n" * 20,
        "row 3, which begins at line 3: unexpected end of data",
    ),
    "hundred thousand rows": (
        "a.csv",
        lambda: b"Domain,Template\n" + b"contoso.com,low-risk\n" * 100_000,
        "The sheet has more than 10000 rows.",
    ),
    "sixty-one columns": ("a.csv", lambda: b"Domain" + b",a" * 60, "The sheet has more than 60 columns."),
    "no column of partners": ("a.csv", lambda: b"Company,Template\nx,y\n", "The columns are: Company, Template."),
    "a formula as a title": (
        "a.xlsx",
        lambda: workbook([["=A2", "Template"], ["contoso.com", "low-risk"]]),
        "No column has the partners. The columns are: (formula), Template.",
    ),
    "several sheets": ("a.xlsx", lambda: workbook(sheets={"2024": "visible"}), "several sheets: Partners, 2024."),
    "packed bomb": (
        "a.xlsx",
        lambda: with_part(workbook(), "xl/media/a.bin", bytes(101 * 2**20)),
        "The workbook unpacks to more than 100 MB, so it was not opened.",
    ),
    "packed file in a packed file": ("a.xlsx", nested, "No column has the partners."),
    "overlapping entries": ("a.xlsx", overlapping, "The workbook is damaged (xl/a.bin)."),
    "entities": (
        "a.xlsx",
        lambda: with_sheet("", parts={"xl/worksheets/sheet1.xml": ENTITIES + b"<worksheet>&b;</worksheet>"}),
        "The workbook is damaged (xl/worksheets/sheet1.xml).",
    ),
    "entities in shared texts": (
        "a.xlsx",
        lambda: with_sheet(row(2, '<c r="A2" t="s"><v>0</v></c>'), parts={SHARED_TEXTS: ENTITIES + b"<sst>&b;</sst>"}),
        f"The workbook is damaged ({SHARED_TEXTS}).",
    ),
    "huge shared text": (
        "a.xlsx",
        lambda: with_sheet(
            row(2, '<c r="A2" t="s"><v>0</v></c>'),
            parts={SHARED_TEXTS: f'<sst xmlns="{MAIN}"><si><t>{"x" * 50_000_000}</t></si></sst>'.encode()},
        ),
        "A cell has more than 32767 characters.",
    ),
    "huge attribute": (
        "a.xlsx",
        lambda: with_sheet(f'<row r="2" x="{"a" * 50_000_000}">{cell("A2", "x")}</row>'),
        "The workbook is damaged (xl/worksheets/sheet1.xml).",
    ),
    "millions of elements": (
        "a.xlsx",
        lambda: with_sheet("<a/>" * 3_000_000),
        "The workbook is damaged (xl/worksheets/sheet1.xml).",
    ),
    "millions of objects": ("a.json", lambda: b"[" + b"{}," * 3_000_000 + b"{}]", "more than 10000 rows"),
    "a key that is there twice": ("a.json", lambda: b'[{"partner": "a.com", "partner": "b.com"}]', "“partner” twice"),
}
SLOW: Final = {"millions of elements"}
"""Files that take seconds to read."""


@pytest.mark.parametrize("case", [pytest.param(one, marks=[pytest.mark.load] if one in SLOW else []) for one in FILES])
def test_each_bad_file_is_refused_with_its_reason(folder: Path, case: str) -> None:
    name, content, expected = FILES[case]
    (folder / name).write_bytes(content())
    assert expected in refused(folder / name)


def test_a_folder_a_pipe_and_a_device_are_no_files_and_nobody_waits_for_them(folder: Path) -> None:
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    (folder / "device.csv").symlink_to("/dev/zero")
    (folder / "nothing.csv").symlink_to("missing.csv")
    assert "Is a directory" in refused(folder / "folder.csv") or "no file" in refused(folder / "folder.csv")
    for name in ("pipe.csv", "device.csv"):
        assert f"{name} is no file, but a folder, a pipe or a device." in refused(folder / name)
    assert "No such file or directory" in refused(folder / "nothing.csv")


def test_a_link_to_a_file_is_followed(folder: Path) -> None:
    (folder / "real.csv").write_bytes(b"Company,Template\nx,y\n")
    (folder / "link.csv").symlink_to("real.csv")
    assert "The columns are: Company, Template." in refused(folder / "link.csv")


def test_a_file_that_is_changed_while_it_is_read_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "a.csv"
    path.write_bytes(CSV)
    found = os.fstat

    def changing(descriptor: int) -> Any:
        before = found(descriptor)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
        return before

    monkeypatch.setattr(os, "fstat", changing)
    assert "a.csv was changed while it was read." in refused(path)
