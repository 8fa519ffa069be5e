"""The words about what the rows of a batch do to access, as their plans say, and about what must be looked at."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.words.findings.short import short_finding_words
from bot.words.sentences import counted
from bot.words.settings.open_access import access_kind_title, is_known_setting
from workflows.core.batches.batch import BatchRow
from workflows.core.checks.findings import FindingCode
from workflows.core.settings.access_change import AccessChange

UNKNOWN_SETTINGS: Final = "unknown settings"
OPEN_AFTERWARDS: Final = "Open afterwards: "
"""Before the kinds of access that may be open afterwards, where the changes are said as well."""
_MAX_WARNINGS: Final = 2
"""Rows with a warning that are named; the others are counted, and first in Details."""
_CHANGES: Final[Mapping[AccessChange | None, str]] = {
    None: "not known",
    AccessChange.SAME: "the same",
    AccessChange.REDUCES: "less",
    AccessChange.UNKNOWN: "unclear",
    AccessChange.OPENS: "more",
}
"""What a whole plan does, in the order in which it is counted: the kinds of more access follow.

What gives more of one kind and less of another is more. Unclear is what may give more.
"""
_MORE: Final = (AccessChange.OPENS, AccessChange.UNKNOWN)
_LESS: Final = (AccessChange.REDUCES, AccessChange.CLOSES)


def change_counts_words(rows: Iterable[BatchRow]) -> str:
    """Return how many rows give more access, less, or the same; empty where no row says it. The numbers add up."""
    found = [row.access_change for row in rows]
    if all(change is None for change in found):
        return ""
    return ", ".join(f"{found.count(change)} {words}" for change, words in _CHANGES.items() if change in found)


def more_access_counts(rows: Iterable[BatchRow]) -> list[tuple[str, int]]:
    """Return how many rows give more access of each kind, or perhaps more, in words, the most frequent first."""
    return _counted(_changed(row, _MORE) for row in rows)


def row_change_words(row: BatchRow) -> str:
    """Return of which kinds a row gives more access and less; empty where that is not known."""
    if row.access_changes is None:
        return ""
    sides = (("More", _changed(row, _MORE)), ("Less", _changed(row, _LESS)))
    said = [f"{label}: {'; '.join(kinds)}" for label, kinds in sides if kinds]
    return " · ".join(said) or "The same access"


def _changed(row: BatchRow, changes: tuple[AccessChange, ...]) -> list[str]:
    return _kinds([name for name, change in (row.access_changes or {}).items() if change in changes])


def opening_counts(rows: Sequence[BatchRow]) -> list[tuple[str, int]]:
    """Return after how many rows each kind of access may be open, in words, the most frequent first."""
    return _counted(map(opening_words, rows))


def opening_words(row: BatchRow) -> list[str]:
    """Return the kinds of access that may be open after a row, in words."""
    return _kinds(row.openings)


def _kinds(names: Sequence[str]) -> list[str]:
    """Return kinds of access in words; those that Gatehouse does not know are one kind."""
    known = [access_kind_title(name) for name in names if is_known_setting(name)]
    is_known = all(map(is_known_setting, names))
    return [*dict.fromkeys(known), *([] if is_known else [UNKNOWN_SETTINGS])]


def _counted(found: Iterable[Iterable[str]]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for words in found:
        for one in words:
            counts[one] = counts.get(one, 0) + 1
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def attention_words(rows: Iterable[BatchRow]) -> str:
    """Say how many rows of a sheet have a warning, the first two of them in a few words, and how many start later.

    It has names of partners, which are text from outside.
    """
    known = list(rows)
    warned = sorted((row for row in known if row.findings), key=lambda row: not _imitates_us(row))
    later = sum(row.asked is not None and row.asked.starts_at is not None for row in known)
    said = [f"⚠️ {_first_warnings(warned)}"] if warned else []
    said += [f"{later} starting later"] if later else []
    return ", ".join(said)


def _imitates_us(row: BatchRow) -> bool:
    """Return whether a name resembles a domain of our own: this warning is never left out for others."""
    return any(one.values.get("is_own") for one in row.findings)


def _first_warnings(rows: Sequence[BatchRow]) -> str:
    """Name the first warning of each of the first rows; where there are several rows, with their number."""
    said = "; ".join(_warning_words(row) for row in rows[:_MAX_WARNINGS])
    more = "; …" if len(rows) > _MAX_WARNINGS else ""
    return said if len(rows) == 1 else f"{counted(len(rows), 'warning')} ({said}{more})"


def _warning_words(row: BatchRow) -> str:
    first = min(row.findings, key=lambda one: not one.values.get("is_own"))
    if first.code is FindingCode.LOOK_ALIKE and "other" in first.values:
        return f"{row.name} resembles {first.values['other']}"
    return f"{row.name}: {short_finding_words(first.code)}"
