"""Read lists of objects: JSON (a list, or `partners` in an object) and TOML (`[[partners]]`, or the keys of one)."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final

from workflows.core.batches.sheets.cells import Cell, OtherValue, RawRow, RawSheet, SheetForm
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import PLACEHOLDER_PREFIX, SheetUnusable
from workflows.core.errors.facts import Fact
from workflows.core.policy.graph_examples import corrections, is_graph_example
from workflows.sheets.limits import MAX_COLUMNS, MAX_ROWS
from workflows.sheets.rows_of_cells import sheet_of

PARTNERS: Final = "partners"
"""The key of the list."""
_MAX_BITS: Final = 4096
"""The largest number that is kept as one. Python writes no number of more than 4,300 digits."""
_MAX_OBJECTS: Final = 2 * MAX_ROWS + 1
"""Each row and its placeholders, and the object around the list."""
_PLACEHOLDERS: Final = PLACEHOLDER_PREFIX.removesuffix(".")
_MAX_KEY_PARTS: Final = 4
"""How many parts the name of a TOML key or table may have. No field has more than three.

The parser keeps each beginning of a name: a name of 30,000 parts, 60 KB of text, took 5 GB.
"""
_MAX_DOTS: Final = 20 * MAX_ROWS
"""How many dots the names of a file may have together, and how many commas: many placeholders for each row."""
_NO_KEYS: Final = re.compile(
    r'''"""(?:.*?(?<!\\)(?:\\\\)*+"{3,5}|.*)|"(?:[^\n]*?(?<!\\)(?:\\\\)*+"|[^\n]*)'''
    r"""|'''.*?(?:'{3,5}|\Z)|'[^'\n]*+'?|\#[^\n]*+""",
    re.DOTALL,
)
"""A text or a comment of TOML, to its end or that of its line or file. No file takes long or much memory.

A text of several lines may end with one or two quotes more (https://toml.io/en/v1.0.0#string).

Python before 3.11.5 matches a repeated group with branches wrongly, when it may not be matched again
(https://github.com/python/cpython/issues/106052). So no such group is here.
"""
_LONG_KEY: Final = re.compile(rf'(?<![\w"-])(?:[\w"-]++[ \t]*+\.[ \t]*+){{{_MAX_KEY_PARTS}}}')


_TABLE: Final = re.compile(r"^[ \t]*+\[", re.MULTILINE)


def read_json(content: bytes) -> RawSheet:
    """Return the sheet in the bytes of a JSON file.

    :raises SheetUnusable: when it is not JSON, or no list of objects.
    """
    document = _parsed(content, lambda text: json.loads(text, object_pairs_hook=_Objects().take))
    return _sheet(document if isinstance(document, list) else _list_in(document))


def read_toml(content: bytes) -> RawSheet:
    """Return the sheet in the bytes of a TOML file: a list of partners, or one request.

    :raises SheetUnusable: when it is not TOML, or neither of them.
    """
    document = _parsed(content, _toml_or_graph_example)
    if is_graph_example(document):
        found = list(corrections(document))
        raise SheetUnusable((Fact(SheetCode.GRAPH_EXAMPLE, {"corrections": found}),))
    if PARTNERS not in document:
        return replace(_sheet([document]), form=SheetForm.REQUEST)
    if others := [key for key in document if key != PARTNERS]:
        raise SheetUnusable(tuple(Fact(SheetCode.KEY_UNKNOWN, {"key": key, "known": [PARTNERS]}) for key in others))
    return replace(_sheet(_list_in(document)), form=SheetForm.LIST)


def _toml_or_graph_example(text: str) -> Any:
    """Return the document of a TOML file. JSON is read when it is an example of Microsoft Graph, to explain its errors.

    :raises ValueError: when the text is neither TOML nor such an example.
    """
    try:
        _require_few_keys(text)
        return tomllib.loads(text)
    except ValueError:
        with suppress(ValueError, RecursionError):
            if is_graph_example(document := json.loads(text)):
                return document
        raise


def _require_few_keys(text: str) -> None:
    """Check the number of keys and rows, and the length of names, before the parser sees them: it takes far longer.

    :raises ValueError: when the name of a key or a table has too many parts, or lists too many values.
    :raises SheetUnusable: when there are more rows or columns than a sheet may have.
    """
    without_values = _NO_KEYS.sub('"', text)
    if _LONG_KEY.search(without_values):
        raise ValueError(f"the name of a key has more than {_MAX_KEY_PARTS} parts")
    if without_values.count(".") > _MAX_DOTS:
        raise ValueError(f"the names of keys have more than {_MAX_DOTS} dots together")
    if without_values.count(",") > _MAX_DOTS:
        raise ValueError(f"lists have more than {_MAX_DOTS} values together")
    tables = len(_TABLE.findall(without_values)) + without_values.count("{")
    if tables > _MAX_OBJECTS:
        raise SheetUnusable((Fact(SheetCode.TOO_MANY_ROWS, {"limit": MAX_ROWS}),))
    if without_values.count("=") > MAX_COLUMNS * (1 + tables):
        raise SheetUnusable((Fact(SheetCode.TOO_MANY_COLUMNS, {"limit": MAX_COLUMNS}),))


def _parsed(content: bytes, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SheetUnusable((Fact(SheetCode.WRONG_ENCODING, {"line": line}),)) from error
    except (ValueError, RecursionError) as error:
        reason = {"name": "", "reason": str(error)}
        raise SheetUnusable((Fact(SheetCode.NOT_READABLE, reason),)) from error


class _Objects:
    """Takes the objects of a file while it is parsed, and stops when there are more than rows can have."""

    def __init__(self) -> None:
        self._count = 0

    def take(self, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        """Return an object; see `_with_each_key_once`."""
        self._count += 1
        if self._count > _MAX_OBJECTS:
            raise SheetUnusable((Fact(SheetCode.TOO_MANY_ROWS, {"limit": MAX_ROWS}),))
        return _with_each_key_once(pairs)


def _with_each_key_once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of its keys and values.

    :raises SheetUnusable: when a key is there twice: programs take the first or the last of two.
    """
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise SheetUnusable((Fact(SheetCode.KEY_TWICE, {"key": key}),))
        found[key] = value
    return found


def _list_in(document: object) -> list[Any]:
    found = document.get(PARTNERS) if isinstance(document, Mapping) else None
    if not isinstance(found, list):
        raise SheetUnusable((Fact(SheetCode.NOT_A_LIST, {"key": PARTNERS}),))
    return found


def _sheet(objects: Sequence[Any]) -> RawSheet:
    if not all(isinstance(one, Mapping) for one in objects):
        raise SheetUnusable((Fact(SheetCode.NOT_A_LIST, {"key": PARTNERS}),))
    flat = [_with_each_key_once(_flat(one)) for one in objects]
    header = tuple(dict.fromkeys(key for one in flat for key in one))
    return sheet_of(_rows(header, flat))


def _rows(header: Sequence[str], objects: Sequence[Mapping[str, Cell]]) -> Iterator[RawRow]:
    yield RawRow(0, tuple(header))
    for number, one in enumerate(objects, start=1):
        yield RawRow(number, tuple(one.get(key) for key in header))


def _flat(one: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    """Yield the fields of an object; those of `placeholders` with its name before theirs."""
    for key, value in one.items():
        if key == _PLACEHOLDERS and isinstance(value, Mapping):
            yield from ((_shown(f"{PLACEHOLDER_PREFIX}{name}"), _cell(inside)) for name, inside in value.items())
        else:
            yield _shown(key), _cell(value)


def _cell(value: object) -> Cell:
    """Return a value as a cell. A list, an object, a time of day and an enormous number are no value of any field."""
    match value:
        case datetime():
            return value.date()
        case int() if value.bit_length() > _MAX_BITS:
            return OtherValue(f"{value:#x}")
        case str() if value != _shown(value):
            return OtherValue(_shown(value))
        case None | str() | bool() | int() | float() | date():
            return value
    try:
        return OtherValue(json.dumps(value, default=str))
    except RecursionError:  # it could just be read, and cannot be written
        return OtherValue(type(value).__name__)


def _shown(text: str) -> str:
    """Return a text with a question mark for each half of a character: JSON can have one, and nothing can print it."""
    return text.encode(errors="replace").decode()
