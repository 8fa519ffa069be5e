"""What a given file is, its content says, and never the ending of its name."""

import pytest

from tests.workflows.sheets.files import workbook
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.sheets.received import FileNotUsable, ReceivedFile, ReceivedFileCode, read_by_content

CSV = b"Domain,Template\ncontoso.com,low-risk\n"
JSON = b'[{"domain": "contoso.com", "template": "low-risk"}]'
UNDER = b' {"partners": [{"domain": "contoso.com", "template": "low-risk"}]}'
TOML = b'# Partners\n\n[[partners]]\ndomain = "contoso.com"\ntemplate = "low-risk"\n'
MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "content",
    [CSV, MARK + CSV, CSV.decode().encode("utf-16"), JSON, MARK + JSON, UNDER, TOML, MARK + TOML, workbook()],
)
@pytest.mark.parametrize("name", ["partners.csv", "partners.xlsx", "partners.json", "partners", "partners.exe"])
def test_the_content_says_what_it_is(name: str, content: bytes) -> None:
    file = read_by_content(ReceivedFile(name=name, content=content))
    assert file.name == name
    assert file.sheet.header[0].lower() == "domain"
    assert len(file.sheet.rows) == 1


@pytest.mark.parametrize(
    "content",
    [
        *(b"%PDF-1.7\n", b"\x89PNG\r\n", b"GIF89a", b"\xff\xd8\xff\xe0", b"\xd0\xcf\x11\xe0\xa1", b"\x1f\x8b\x08"),
        *(b"<!DOCTYPE html><html>", b"<HTML>", b"<?xml version='1.0'?>", b"MZ\x90", b"Domain\0Template\n"),
        *(MARK + b"<html>", b"  <html>"),
    ],
)
def test_another_kind_of_file_is_named(content: bytes) -> None:
    with pytest.raises(FileNotUsable) as refused:
        read_by_content(ReceivedFile(name="partners.csv", content=content))
    [fact] = refused.value.facts
    assert (fact.code, fact.values) == (ReceivedFileCode.OTHER_CONTENT, {"name": "partners.csv"})


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no workbook", b"{", b"[[partners]\n", b"Domain\n"])
def test_a_damaged_sheet_is_unusable(content: bytes) -> None:
    with pytest.raises(SheetUnusable):
        read_by_content(ReceivedFile(name="partners.csv", content=content))
