"""Read one row of a sheet: its fields, and everything that is wrong with them. Nothing is guessed. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, TypeVar

from workflows.core.batches.sheets.cells import Cell, Formula, Merged, OtherValue, RawRow, Swallowed
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.batches.sheets.columns import PLACEHOLDER_PREFIX, Column, Columns
from workflows.core.errors.facts import Fact

MAX_TEXT: Final = 300
"""The most characters of a cell that is no reason."""
MAX_REASON: Final = 2000
"""The most characters of a reason, as in the form."""
Value = TypeVar("Value")
Usual = TypeVar("Usual")

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER: Final = re.compile(r"\d{1,6}")
_MAX_NUMBER: Final = 999_999
_MAX_EXACT: Final = 10**15 - 1
"""The largest number whose digits a spreadsheet keeps. Source: Microsoft, "Excel specifications and limits"."""
_CONTROL: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode's categories of characters that no one sees."""


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong with a row. `column` is the field's name; empty when it is the row as a whole."""

    column: str
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One row as it asks for access. Texts are as in the sheet, without spaces around them; empty for none."""

    number: int
    """The number of the row in the sheet."""
    partner: str = ""
    template: str = ""
    sponsor: str = ""
    reason: str = ""
    ticket: str = ""
    duration_days: int | None = None
    ends_on: date | None = None
    starts_on: date | None = None
    placeholders: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[CellProblem, ...] = ()

    @property
    def asks_for(self) -> tuple[object, ...]:
        """Return everything that the row asks for, without the partner: equal rows ask for the same."""
        return (
            self.template,
            self.sponsor,
            self.reason,
            self.ticket,
            self.duration_days,
            self.ends_on,
            self.starts_on,
            tuple(sorted(self.placeholders.items())),
        )


class _WrongCell(Exception):
    def __init__(self, code: SheetCode, **values: object) -> None:
        super().__init__(code)
        self.fact = Fact(code, values)


def read_row(raw: RawRow, columns: Columns, *, template: str = "") -> SheetRow:
    """Return the fields of a row, with every problem.

    :param template: the template of rows that name none.
    """
    reading = _Reading(raw, columns)
    asked = SheetRow(
        number=raw.number,
        partner=reading.read(Column.PARTNER, _text, "", is_required=True),
        template=reading.read(Column.TEMPLATE, _text, template, is_required=not template),
        sponsor=reading.read(Column.SPONSOR, _text, ""),
        reason=reading.read(Column.REASON, _reason, ""),
        ticket=reading.read(Column.TICKET, _label, ""),
        duration_days=reading.read(Column.DURATION, _number, None),
        ends_on=reading.read(Column.ENDS_ON, _day, None),
        starts_on=reading.read(Column.STARTS_ON, _day, None),
        placeholders=dict(reading.placeholders()),
    )
    return replace(asked, problems=(*reading.problems, *_problems_of(asked, raw, columns)))


def _problems_of(asked: SheetRow, raw: RawRow, columns: Columns) -> Iterator[CellProblem]:
    if asked.duration_days is not None and asked.ends_on is not None:
        yield CellProblem(Column.ENDS_ON, Fact(SheetCode.END_TWICE))
    used = {*columns.fields.values(), *columns.placeholders.values()}
    for place, cell in enumerate(raw.cells):
        if isinstance(cell, Swallowed) and place not in used:
            yield CellProblem("", Fact(SheetCode.CELL_SWALLOWS_ROWS))
    if any(cell is not None for cell in raw.cells[columns.width :]):
        yield CellProblem("", Fact(SheetCode.TOO_MANY_CELLS, {"columns": columns.width}))


class _Reading:
    """The reading of one row."""

    def __init__(self, raw: RawRow, columns: Columns) -> None:
        self._raw = raw
        self._columns = columns
        self.problems: list[CellProblem] = []

    def read(
        self, column: Column, parse: Callable[[Cell], Value], usual: Usual, *, is_required: bool = False
    ) -> Value | Usual:
        """Return the value of a field; the usual one when the cell is empty or wrong."""
        place = self._columns.fields.get(column)
        cell = None if place is None else self._cell(place)
        if cell is None:
            if is_required:
                self.problems.append(CellProblem(column, Fact(SheetCode.CELL_EMPTY)))
            return usual
        return self._parsed(column, cell, parse, usual)

    def placeholders(self) -> Iterator[tuple[str, str]]:
        """Yield name and value of each placeholder that the row fills in."""
        for name, place in self._columns.placeholders.items():
            cell = self._cell(place)
            if cell is not None:
                yield name, self._parsed(f"{PLACEHOLDER_PREFIX}{name}", cell, _text, "")

    def _parsed(self, column: str, cell: Cell, parse: Callable[[Cell], Value], usual: Usual) -> Value | Usual:
        try:
            match cell:
                case Formula():
                    raise _WrongCell(SheetCode.CELL_FORMULA)
                case Merged():
                    raise _WrongCell(SheetCode.CELL_MERGED)
                case Swallowed():
                    raise _WrongCell(SheetCode.CELL_SWALLOWS_ROWS)
                case OtherValue():
                    raise _WrongCell(SheetCode.CELL_OTHER_VALUE, typed=cell.shown[:MAX_TEXT])
            return parse(cell)
        except _WrongCell as wrong:
            self.problems.append(CellProblem(column, wrong.fact))
            return usual

    def _cell(self, place: int) -> Cell:
        cell = self._raw.cells[place] if place < len(self._raw.cells) else None
        return None if isinstance(cell, str) and not cell.strip() else cell


def _text(cell: Cell, limit: int = MAX_TEXT) -> str:
    if not isinstance(cell, str):
        raise _WrongCell(SheetCode.CELL_NOT_TEXT, typed=str(cell)[:MAX_TEXT])
    text = cell.strip()
    if text.startswith("="):
        raise _WrongCell(SheetCode.CELL_FORMULA)
    if len(text) > limit:
        raise _WrongCell(SheetCode.CELL_TOO_LONG, limit=limit)
    if any(unicodedata.category(character) in _CONTROL and character not in "\n\r\t" for character in text):
        raise _WrongCell(SheetCode.CELL_CONTROL)
    return text


def _reason(cell: Cell) -> str:
    return _text(cell, MAX_REASON)


def _label(cell: Cell) -> str:
    """Return a ticket's number, which a spreadsheet may keep as a number."""
    number = _whole(cell)
    return _text(cell) if number is None else str(number)


def _number(cell: Cell) -> int:
    """Return a whole number of days. Which numbers are offered is a matter of the template."""
    number = _whole(cell)
    if number is not None and 0 <= number <= _MAX_NUMBER:
        return number
    if isinstance(cell, str) and _NUMBER.fullmatch(cell.strip()) and cell.strip().isascii():
        return int(cell.strip())
    raise _WrongCell(SheetCode.CELL_NOT_A_NUMBER, typed=str(cell)[:MAX_TEXT])


def _whole(cell: Cell) -> int | None:
    """Return the whole number in a cell; None when it has none, or one that a spreadsheet keeps only about."""
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not abs(cell) <= _MAX_EXACT:
        return None
    return int(cell) if cell == int(cell) else None


def _day(cell: Cell) -> date:
    """Return a day. A number, and an order of day and month that can be read in two ways, are no day."""
    if isinstance(cell, date):
        return cell
    text = str(cell).strip()[:MAX_TEXT]
    if isinstance(cell, int | float) or _NUMBER.fullmatch(text):
        raise _WrongCell(SheetCode.CELL_DATE_IS_NUMBER, typed=text)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise _WrongCell(SheetCode.CELL_NO_SUCH_DAY, typed=text) from error
    raise _WrongCell(SheetCode.CELL_DATE_UNCLEAR, typed=text)
