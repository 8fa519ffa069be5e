"""What is alike in every kind of store when the texts of a person who left are erased.

A start does not wait for it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import structlog
from pydantic import TypeAdapter, ValidationError

from workflows.core.audit.chain import FIELDS, ChainedRow
from workflows.core.audit.erasing import PersonTexts, erase, without_person
from workflows.core.audit.personal import ERASED, Sealed
from workflows.core.people import PersonId
from workflows.ports.audit_log import KnownPerson
from workflows.ports.records import StaleVersion
from workflows.store.codec import (
    ABSENCE,
    ALARM,
    BATCH,
    CAMPAIGN,
    CHECKSUM,
    DENIED_NOTICE,
    DRIFT,
    EFFECT,
    FREEZE,
    PARTNER_USAGE,
    PARTNERSHIP,
    REQUEST,
    USAGE_SCAN,
    load,
)
from workflows.store.common.queries import Queries
from workflows.store.common.rows import text_of

ENTRIES_TOGETHER: Final = 500
"""How many entries are changed in one transaction: a few hundredths of a second."""
RECORDS_TOGETHER: Final = 50
"""How many records are rewritten, and named by one entry."""
REWRITTEN: Final[Mapping[str, TypeAdapter[Any]]] = {
    "requests": REQUEST,
    "partnerships": PARTNERSHIP,
    "batches": BATCH,
    "campaigns": CAMPAIGN,
    "absences": ABSENCE,
    "freezes": FREEZE,
    "drifts": DRIFT,
    "denied_notices": DENIED_NOTICE,
    "alarms": ALARM,
    "effects": EFFECT,
    "usage_scans": USAGE_SCAN,
    "partner_usage": PARTNER_USAGE,
}
"""The tables with records that name people, and are rewritten. What is in force is not."""
KEYS: Final[Mapping[str, str]] = {
    **dict.fromkeys(REWRITTEN, "id"),
    "partnerships": "tenant_id",
    "drifts": "subject",
    "denied_notices": "subject",
    "partner_usage": "tenant_id",
}
"""The column with the key of each of these tables."""
_PEOPLE: Final = "select number, gone_since, identifier, is_account from people left join identities using (number)"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ErasedEntry:
    """What is stored in place of an entry's columns, and how many of its texts are gone."""

    columns: Mapping[str, Any]
    count: int


@dataclass(frozen=True, slots=True)
class Part:
    """Some records and entries whose texts are erased in one transaction."""

    key: str
    actor: str
    records: tuple[tuple[str, Any], ...]
    """The table and the key of each."""
    entries: tuple[int, ...]
    older: int
    is_last: bool

    def entry(self, texts: PersonTexts, count: int, now: datetime) -> dict[str, Any]:
        """Return the entry about it, with its details as they are.

        :param count: how many texts were erased.
        """
        details = {"person": texts.pseudonym, "texts": count, "entries": len(self.entries)}
        details |= {"older": self.older, "records": len(self.records)}
        names = {"key": self.key, "at": text_of(now), "actor": self.actor, "command": ERASED}
        return dict.fromkeys(FIELDS) | names | {"outcome": "accepted", "details": details}


class KnownPeople:
    """The part of `ports.audit_log.PersonalData` that reads and changes who is known."""

    def __init__(self, store: Queries) -> None:
        self._queries = store

    async def known_people(self) -> Sequence[KnownPerson]:
        """List the people with an account whose texts were not erased; see `ports.audit_log`."""
        rows = await self._queries._query(f"{_PEOPLE} where identifier is not null order by number, identifier")
        found = [_person(list(group)) for _, group in groupby(rows, key=itemgetter("number"))]
        return [person for person in found if person.accounts]

    async def known_person(self, identifier: str) -> KnownPerson | None:
        """Return the person with an identifier or a pseudonym; see `ports.audit_log`."""
        where = "number = (select number from identities where identifier = ?) or 'person-' || number = ?"
        rows = await self._queries._query(f"{_PEOPLE} where {where} order by identifier", identifier, identifier)
        return _person(rows) if rows else None

    async def save_gone(self, number: int, since: datetime | None) -> None:
        """Store since when a person's accounts are gone; see `ports.audit_log`."""
        text = None if since is None else text_of(since)
        await self._queries._write("update people set gone_since = ? where number = ?", text, number)

    async def _save_begun(self, person: KnownPerson, texts: PersonTexts) -> None:
        """Store what is erased: a record that is rewritten before a kill does not say it any more."""
        written = json.dumps([sorted(texts.ids), sorted(texts.names)])
        await self._queries._write("update people set erasing = ? where number = ?", written, person.number)


def begun_texts(person: KnownPerson, begun: str | None) -> PersonTexts:
    """Return the texts by which a person is known without any record.

    :param begun: the column `erasing`, which an earlier erasure stored.
    """
    ids, names = json.loads(begun) if begun else ((), ())
    return PersonTexts(person.number, frozenset({*person.ids, *ids}), frozenset(names))


def names_them(doc: str, texts: PersonTexts) -> bool:
    """Return whether a stored document names a person; True for one that cannot be read."""
    try:
        record = content_of(doc)
    except ValueError:
        return True
    return bool(without_person(record, texts) != record)


def content_of(doc: str) -> dict[str, Any]:
    """Return the members of a stored document.

    :raises ValueError: when it cannot be read.
    """
    record: dict[str, Any] = json.loads(doc)
    return {name: value for name, value in record.items() if name != CHECKSUM}


def rewritten(table: str, key: Any, doc: str, texts: PersonTexts) -> tuple[Any, Any]:
    """Return a record as it is, and without a person.

    :raises StaleVersion: when it cannot be read.
    """
    adapter = REWRITTEN[table]
    try:
        return load(adapter, doc), adapter.validate_json(json.dumps(without_person(content_of(doc), texts)))
    except ValidationError as error:
        _log.exception("record_not_erased", table=table, id=key)
        raise StaleVersion(f"{table} {key} cannot be read") from error


def erased_error(text: str, texts: PersonTexts) -> str:
    """Return why an effect was given up, without a person."""
    try:
        return json.dumps(without_person(json.loads(text), texts), ensure_ascii=False) if text else ""
    except ValueError:
        return texts.in_text(text)


def erased_entry(row: ChainedRow, texts: PersonTexts) -> ErasedEntry | None:
    """Return what is stored in place of an entry; None when it has no text of the person."""
    erased = erase(row.entry, Sealed(row.references or "", row.salts or ""), texts)
    if erased is None:
        return None
    changed = {name: text for name in FIELDS if (text := erased.entry[name]) != row.entry[name]}
    return ErasedEntry({**changed, "salts": erased.salts}, erased.count)


def parts_of(
    records: Sequence[tuple[str, Any]], entries: Sequence[int], *, older: int, key: str, actor: str
) -> Sequence[Part]:
    """Return what is erased in each transaction: the records first.

    :param older: how many entries of earlier versions name the person; the last part says it.
    :param key: begins the key of the entry about each part.
    """
    of_records = [records[at : at + RECORDS_TOGETHER] for at in range(0, len(records), RECORDS_TOGETHER)] or [()]
    of_entries = [entries[at : at + ENTRIES_TOGETHER] for at in range(0, len(entries), ENTRIES_TOGETHER)] or [()]
    both: list[tuple[Sequence[tuple[str, Any]], Sequence[int]]] = [(part, ()) for part in of_records[:-1]]
    both += [(of_records[-1], of_entries[0]), *(((), part) for part in of_entries[1:])]
    parts = []
    for number, (some, of_log) in enumerate(both, 1):
        is_last = number == len(both)
        told = older if is_last else 0
        parts.append(Part(f"{key}:{number}", actor, tuple(some), tuple(of_log), told, is_last))
    return parts


def _person(rows: Sequence[Mapping[str, Any]]) -> KnownPerson:
    since = rows[0]["gone_since"]
    return KnownPerson(
        number=rows[0]["number"],
        accounts=tuple(PersonId(row["identifier"]) for row in rows if row["is_account"]),
        ids=tuple(row["identifier"] for row in rows if row["identifier"] is not None),
        gone_since=None if since is None else datetime.fromisoformat(since),
    )
