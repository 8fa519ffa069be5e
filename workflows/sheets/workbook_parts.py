"""Read the parts of an Excel workbook as a stream: which sheets it has, its shared texts, and its formats of days.

A workbook is a compressed folder of XML files. Nothing is built here that the chosen sheet does not need, so a small
file cannot become large in memory.
"""

import posixpath
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from xml.parsers import expat

from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.sheets.limits import MAX_CELL_CHARACTERS, MAX_XML_DEPTH, MAX_XML_ELEMENTS, MAX_XML_SILENCE

_CHUNK: Final = 2**16
_MAX_NAMES: Final = 1000
_OFFICE: Final = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_KNOWN: Final = frozenset(
    {
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
        "http://schemas.openxmlformats.org/package/2006/relationships",
    }
)
"""The namespaces of what is read. Source: ECMA-376, parts 1 and 2; each in its two variants."""


class Start(NamedTuple):
    """An element begins."""

    path: str
    """The names of the elements around it and its own, as in `workbook/sheets/sheet`."""
    attributes: Mapping[str, str]


class End(NamedTuple):
    """An element ends."""

    path: str
    text: str
    """The text before its end; of an element with others inside, only what follows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """Where the parts of a workbook are."""

    sheets: Mapping[str, str]
    """The part of each visible sheet by the sheet's name."""
    texts: str | None
    """The part with the texts that cells share."""
    styles: str | None
    is_from_1904: bool
    """Whether days are counted from 1904, not from 1900."""


def damaged(part: str) -> SheetUnusable:
    """Return the error of a part that is not what a workbook has there."""
    return SheetUnusable((Fact(SheetCode.DAMAGED, {"part": part}),))


class _Parsing:
    """Collects what the parser finds in one part."""

    def __init__(self, part: str) -> None:
        self.found: list[Start | End] = []
        self._part = part
        self._paths: list[str] = []
        self._known: dict[str, str] = {}
        self._text: list[str] = []
        self._length = 0
        self._elements = 0
        self._silence = 0
        """How many bytes were parsed since the last element or text."""
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes) -> None:
        """Parse some bytes more; none: the part ends."""
        self._silence += len(chunk)
        try:
            self._parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            raise damaged(self._part) from error
        if self._silence > MAX_XML_SILENCE:
            raise damaged(self._part)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_XML_ELEMENTS:
            raise damaged(self._part)
        known = self._known.get(name) or self._learn(name)
        self._paths.append(f"{self._paths[-1]}/{known}" if self._paths else known)
        if len(self._paths) > MAX_XML_DEPTH:
            raise damaged(self._part)
        self._clear()
        self.found.append(Start(self._paths[-1], attributes))

    def _end(self, _: str) -> None:
        self.found.append(End(self._paths.pop(), "".join(self._text)))
        self._clear()

    def _learn(self, name: str) -> str:
        """Return an element's name without its namespace, with a mark when the namespace is not known."""
        namespace, _, local = name.rpartition(" ")
        found = local if namespace in _KNOWN else f"?{local}"
        if len(self._known) < _MAX_NAMES:
            self._known[name] = found
        return found

    def _characters(self, text: str) -> None:
        self._silence = 0
        self._length += len(text)
        if self._length > MAX_CELL_CHARACTERS:
            raise too_long()
        self._text.append(text)

    def _doctype(self, *_: object) -> None:
        """Refuse it: no workbook has one, and it can define texts that grow."""
        raise damaged(self._part)

    def _clear(self) -> None:
        self._silence = 0
        self._text.clear()
        self._length = 0


def too_long() -> SheetUnusable:
    """Return the error of a text that no cell can have."""
    return SheetUnusable((Fact(SheetCode.TEXT_TOO_LONG, {"limit": MAX_CELL_CHARACTERS}),))


def read_part(archive: zipfile.ZipFile, part: str) -> Iterator[Start | End]:
    """Yield the elements of a part as they come.

    :raises SheetUnusable: when there is no such part, it is no XML, or a text in it is too long.
    """
    try:
        file = archive.open(part)
    except KeyError as error:
        raise damaged(part) from error
    parsing = _Parsing(part)
    with file:
        is_open = True
        while is_open:
            chunk = file.read(_CHUNK)
            parsing.feed(chunk)
            yield from parsing.found
            parsing.found.clear()
            is_open = bool(chunk)


def read_structure(archive: zipfile.ZipFile) -> Structure:
    """Return where the parts of the workbook are.

    :raises SheetUnusable: when it is no workbook, or has a name twice.
    """
    if len(set(archive.namelist())) != len(archive.namelist()):
        raise damaged("a part twice")
    workbook = _one(_targets(archive, ""), "officeDocument")
    if workbook is None:
        raise damaged("no workbook")
    targets = _targets(archive, workbook)
    sheets: dict[str, str] = {}
    names: set[str] = set()
    is_from_1904 = False
    for event in read_part(archive, workbook):
        match event:
            case Start("workbook/workbookPr", attributes):
                is_from_1904 = attributes.get("date1904") in ("1", "true")
            case Start("workbook/sheets/sheet", attributes):
                name = attributes.get("name", "")
                kind, part = targets.get(_relation(attributes), ("", ""))
                if name in names:
                    raise damaged(name)
                names.add(name)
                if kind == "worksheet" and attributes.get("state", "visible") == "visible":
                    sheets[name] = part
    return Structure(
        sheets=sheets,
        texts=_one(targets, "sharedStrings"),
        styles=_one(targets, "styles"),
        is_from_1904=is_from_1904,
    )


def read_texts(archive: zipfile.ZipFile, part: str, wanted: Collection[int]) -> Mapping[int, str]:
    """Return the wanted ones of the texts that cells share, by their numbers from 0. Hints how to speak are left out.

    :raises SheetUnusable: when one of them is too long.
    """
    found: dict[int, str] = {}
    number, pieces = 0, list[str]()
    for event in read_part(archive, part):
        match event:
            case End("sst/si/t" | "sst/si/r/t", text) if number in wanted:
                pieces.append(text)
            case End("sst/si", _):
                if number in wanted:
                    found[number] = "".join(pieces)
                    if len(found[number]) > MAX_CELL_CHARACTERS:
                        raise too_long()
                if len(found) == len(wanted):
                    break
                number, pieces = number + 1, []
    return found


def _targets(archive: zipfile.ZipFile, part: str) -> Mapping[str, tuple[str, str]]:
    """Return kind and part of everything that a part refers to, by the reference's name. Empty: the whole file."""
    folder, name = posixpath.split(part)
    found: dict[str, tuple[str, str]] = {}
    for event in read_part(archive, posixpath.join(folder, "_rels", f"{name}.rels")):
        match event:
            case Start("Relationships/Relationship", attributes) if attributes.get("TargetMode") != "External":
                kind = attributes.get("Type", "").rpartition("/")[2]
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
                if attributes.get("Id", "") in found:
                    raise damaged(part)
                found[attributes.get("Id", "")] = (kind, target.lstrip("/"))
    return found


def _one(targets: Mapping[str, tuple[str, str]], kind: str) -> str | None:
    parts = [part for one, part in targets.values() if one == kind]
    if len(parts) > 1:
        raise damaged(parts[1])
    return parts[0] if parts else None


def _relation(attributes: Mapping[str, str]) -> str:
    return next((attributes[key] for one in _OFFICE if (key := f"{one} id") in attributes), "")
