"""Recognise the columns of a sheet by their titles. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from workflows.core.batches.sheets.cells import RawSheet, SheetForm
from workflows.core.batches.sheets.codes import SheetCode
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import FactsError
from workflows.core.policy.placeholders import RENAMED_KEYS

PLACEHOLDER_PREFIX: Final = "placeholders."
"""Before the name of a placeholder in the title of its column, as in `gatehouse plan`."""


class Column(StrEnum):
    """What a column can mean. The values are the keys of `gatehouse plan`, where both have one."""

    PARTNER = "partner"
    TEMPLATE = "template"
    DURATION = "duration_days"
    ENDS_ON = "ends_on"
    STARTS_ON = "starts_on"
    SPONSOR = "sponsor"
    REASON = "reason"
    TICKET = "ticket"


_TITLES: Final[Mapping[Column, tuple[str, ...]]] = {
    Column.PARTNER: (
        "partner",
        "domain",
        "partner domain",
        "company domain",
        "customer domain",
        "tenant",
        "tenant id",
        "partner tenant id",
    ),
    Column.TEMPLATE: ("template", "access template", "access"),
    Column.DURATION: ("duration days", "duration", "days", "duration in days"),
    Column.ENDS_ON: ("ends on", "end", "ends", "end date", "until", "expires", "expires on", "valid until", "last day"),
    Column.STARTS_ON: ("starts on", "start", "starts", "start date", "from", "valid from", "first day"),
    Column.SPONSOR: ("sponsor", "owner", "responsible", "contact", "internal contact", "sponsor mail"),
    Column.REASON: ("reason", "justification", "purpose", "business reason", "why"),
    Column.TICKET: ("ticket", "ticket number", "change", "change number"),
}
_FIELD_OF: Final = {title: column for column, titles in _TITLES.items() for title in titles}


class SheetUnusable(FactsError):
    """The file or its columns cannot be used as a sheet of partners; no row was judged."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field of a row is, by the index of its column."""

    fields: Mapping[Column, int]
    width: int
    """How many columns the sheet has."""
    placeholders: Mapping[str, int] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    """The titles of the columns that mean nothing here."""


def columns_of(sheet: RawSheet, placeholders: Collection[str] = (), chosen: Mapping[str, str] | None = None) -> Columns:
    """Return which column of a sheet is which, as `recognise` does. Keys in a file for Gatehouse must mean something.

    :raises SheetUnusable: as `recognise`, and for each key of such a file that means nothing.
    """
    if sheet.form is SheetForm.LIST and not sheet.rows:
        return Columns(fields={}, width=0)
    if sheet.form is not SheetForm.TABLE:
        wrong = tuple(_wrong_keys(sheet.header, placeholders, chosen or {}))
        if wrong:
            raise SheetUnusable(wrong)
    return recognise(sheet.header, placeholders, chosen)


def _wrong_keys(header: Sequence[str], placeholders: Collection[str], chosen: Mapping[str, str]) -> Iterator[Fact]:
    names = [_name_of(plain_title(title), placeholders) for title in header]
    if Column.PARTNER not in names and Column.PARTNER not in chosen:
        yield Fact(SheetCode.KEY_MISSING, {"key": Column.PARTNER.value})
    titles = {plain_title(title) for title in chosen.values()}
    known = [*(column.value for column in Column), *map(_key, placeholders)]
    for title, name in zip(header, names, strict=True):
        if name is None and title and plain_title(title) not in titles:
            yield _unknown(title, known)


def _unknown(key: str, known: Sequence[str]) -> Fact:
    if key in RENAMED_KEYS:
        return Fact(SheetCode.KEY_RENAMED, {"key": key, "new": RENAMED_KEYS[key]})
    return Fact(SheetCode.KEY_UNKNOWN, {"key": key, "known": list(known)})


def recognise(
    header: Sequence[str], placeholders: Collection[str] = (), chosen: Mapping[str, str] | None = None
) -> Columns:
    """Return which column is which. Upper and lower case, spaces, hyphens and underscores make no difference.

    :param placeholders: the names of all placeholders of the templates.
    :param chosen: titles that somebody chose for fields, by the field's name; they go before what is recognised. A
        placeholder may be named with or without `placeholders.`.
    :raises SheetUnusable: without a column of partners, with two columns for one field, or a choice that is none.
    """
    found = _chosen(header, placeholders, chosen or {})
    for name, places in _candidates(header, placeholders, found).items():
        if len(places) > 1:
            twice = [header[place] for place in places]
            raise SheetUnusable((Fact(SheetCode.COLUMN_TWICE, {"column": name, "titles": twice}),))
        found[name] = places[0]
    if Column.PARTNER not in found:
        raise SheetUnusable((Fact(SheetCode.NO_PARTNER_COLUMN, {"header": [one for one in header if one]}),))
    used = set(found.values())
    return Columns(
        fields={column: found[column] for column in Column if column in found},
        placeholders={name: found[key] for name in placeholders if (key := _key(name)) in found},
        width=len(header),
        unused=tuple(title for place, title in enumerate(header) if place not in used and title),
    )


def certain_columns(header: Sequence[str], placeholders: Collection[str] = ()) -> Mapping[str, int]:
    """Return the index of the column of each field that exactly one title names, also where others are not certain."""
    candidates = _candidates(header, placeholders, {})
    return {name: places[0] for name, places in candidates.items() if len(places) == 1}


def require_template(sheet: RawSheet, columns: Columns, template: str) -> None:
    """Check that rows can name a template: otherwise each of them is wrong for the same reason.

    :param template: the template of rows that name none; empty when none was named.
    :raises SheetUnusable: when there is neither.
    """
    if template or Column.TEMPLATE in columns.fields or sheet.form is SheetForm.REQUEST or not sheet.rows:
        return
    raise SheetUnusable((Fact(SheetCode.NO_TEMPLATE, {"header": [one for one in sheet.header if one]}),))


def _candidates(
    header: Sequence[str], placeholders: Collection[str], chosen: Mapping[str, int]
) -> Mapping[str, Sequence[int]]:
    """Return which columns may be each field, by their titles, without fields and columns that were chosen."""
    found: dict[str, list[int]] = {}
    for place, title in enumerate(header):
        name = _name_of(plain_title(title), placeholders)
        if name is not None and name not in chosen and place not in chosen.values():
            found.setdefault(name, []).append(place)
    return found


def _key(placeholder: str) -> str:
    return f"{PLACEHOLDER_PREFIX}{placeholder}"


def _chosen(header: Sequence[str], placeholders: Collection[str], chosen: Mapping[str, str]) -> dict[str, int]:
    known = [*(column.value for column in Column), *map(_key, placeholders)]
    titles = [plain_title(title) for title in header]
    found: dict[str, int] = {}
    for typed, title in chosen.items():
        name = typed if typed in known else _key(typed)
        if name not in known:
            raise SheetUnusable((Fact(SheetCode.NO_SUCH_FIELD, {"field": typed, "known": known}),))
        if plain_title(title) not in titles:
            raise SheetUnusable((Fact(SheetCode.NO_SUCH_COLUMN, {"title": title, "header": list(header)}),))
        if titles.count(plain_title(title)) > 1:
            raise SheetUnusable((Fact(SheetCode.TITLE_TWICE, {"title": title}),))
        found[name] = titles.index(plain_title(title))
    return found


def _name_of(title: str, placeholders: Collection[str]) -> str | None:
    if title in _FIELD_OF:
        return _FIELD_OF[title].value
    name = title.removeprefix(plain_title(PLACEHOLDER_PREFIX))
    return next((_key(one) for one in placeholders if plain_title(one) == name), None)


def plain_title(title: str) -> str:
    """Return a title in lower case, with one space in place of spaces, hyphens and underscores."""
    return re.sub(r"[\s_\-]+", " ", title).strip().lower()
