"""The cells of a sheet as a reader found them, before anything is known about columns. Data only."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that computes its value. The value that the file keeps can be old, so it is never used."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A cell that is a part of a merged area, so it is not certain to which row its value belongs."""


@dataclass(frozen=True, slots=True)
class OtherValue:
    """A value that no field has: a list, an object, a time of day, or an error as `#N/A`."""

    shown: str
    """The value as text, only to be shown."""


@dataclass(frozen=True, slots=True)
class Swallowed:
    """A text over several lines of which one looks like a row: perhaps a quotation mark was never closed."""


Cell = str | int | float | bool | date | Formula | Merged | OtherValue | Swallowed | None
"""One cell; None for an empty one. A time of day is left out of a date."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of a sheet that is not empty."""

    number: int
    """The number of the row as a spreadsheet program shows it; of a list of objects, the place in the list, from 1."""
    cells: tuple[Cell, ...]


class SheetForm(StrEnum):
    """How the rows stand in a file. A file that is written for Gatehouse has no keys that mean nothing."""

    TABLE = auto()
    """Columns and rows, or a list of objects, that other programs may have made."""
    LIST = auto()
    """A list that is written for Gatehouse: `[[partners]]` in TOML."""
    REQUEST = auto()
    """One request that is written for Gatehouse: its keys are the file."""


@dataclass(frozen=True, slots=True)
class RawSheet:
    """A sheet as it was read."""

    header: tuple[str, ...]
    """The titles of the columns."""
    rows: tuple[RawRow, ...]
    form: SheetForm = SheetForm.TABLE
