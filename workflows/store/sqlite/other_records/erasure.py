"""Erase the texts of a person who left: in records that are closed, beside entries of the audit log, and their ids.

Each step is one short transaction, so that clicks are stored in between. Its entry names the records that it rewrote.
The identifiers go last: after a kill, whoever asks again finds the person and goes on. SQLite overwrites what it frees
(`secure_delete`), and the log of writes is emptied at the end.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import structlog
from pydantic import ValidationError

from workflows.core.audit.chain import FIELDS
from workflows.core.audit.erasing import PersonTexts, erase, without_person
from workflows.core.audit.personal import ERASED, Sealed
from workflows.core.people import PersonId
from workflows.core.requests.effects import CheckPermission
from workflows.ports.audit_log import ErasureCount, KnownPerson
from workflows.ports.records import StaleVersion
from workflows.store.codec import load
from workflows.store.columns import text_of
from workflows.store.sqlite.other_records.audit_chain import BESIDE_COLUMNS, RAW_COLUMNS, SEALED_TABLES, chained_row
from workflows.store.sqlite.other_records.named_records import (
    TABLES,
    add_functions,
    closed_records,
    content_of,
    entries_naming,
    in_force,
    texts_of,
)
from workflows.store.sqlite.other_records.sealed_records import SqliteSealedRecords

ENTRIES_TOGETHER: Final = 500
"""How many entries are changed in one transaction: a few hundredths of a second."""
RECORDS_TOGETHER: Final = 50
"""How many records are rewritten, and named by one entry."""
_PEOPLE: Final = "select number, gone_since, identifier, is_account from people left join identities using (number)"
_log = structlog.get_logger()


FORGOTTEN: Final = (
    "delete from homes where person in (select value from json_each(:ids))",
    "delete from profiles where chat_id in (select value from json_each(:ids))",
    "delete from profiles where account in (select value from json_each(:ids))",
    "delete from copies where names_them(audience) or names_them(subject) or names_them(occasion)",
    "delete from marks where names_them(name)",
    "update marks set value = without_them(value) where names_them(value)",
    "delete from identities where identifier in (select value from json_each(:ids))",
    "delete from identities where number = :number",
    "update people set erasing = null, erased_at = :now where number = :number",
)
"""What is deleted at the end: what only served the person, and their identifiers."""


class SqliteErasure:
    """Implements `ports.audit_log.PersonalData`. A start does not wait for it."""

    def __init__(self, store: SqliteSealedRecords, rows_of: Mapping[str, Callable[[Any], dict[str, Any]]]) -> None:
        """Create it.

        :param store: the open store, of which this is a part.
        :param rows_of: what makes the columns of a record, by table.
        """
        self._store = store
        self._rows_of = rows_of

    async def known_people(self) -> Sequence[KnownPerson]:
        """List the people with an account whose texts were not erased; see `ports.audit_log`."""
        rows = await self._store._query(f"{_PEOPLE} where identifier is not null order by number, identifier")
        found = [_person(list(group)) for _, group in groupby(rows, key=itemgetter("number"))]
        return [person for person in found if person.accounts]

    async def known_person(self, identifier: str) -> KnownPerson | None:
        """Return the person with an identifier or a pseudonym; see `ports.audit_log`."""
        where = "number = (select number from identities where identifier = ?) or 'person-' || number = ?"
        rows = await self._store._query(f"{_PEOPLE} where {where} order by identifier", identifier, identifier)
        return _person(rows) if rows else None

    async def save_gone(self, number: int, since: datetime | None) -> None:
        """Store since when a person's accounts are gone; see `ports.audit_log`."""
        text = None if since is None else text_of(since)
        await self._store._write("update people set gone_since = ? where number = ?", text, number)

    async def records_in_force(self, person: KnownPerson) -> Sequence[str]:
        """List what names a person and is in force or open; see `ports.audit_log`."""
        return await self._store._run_on_second_connection(
            lambda db: in_force(db, person.ids, self._store._clock.now())
        )

    async def count_to_erase(self, person: KnownPerson) -> ErasureCount:
        """Count what would be erased; see `ports.audit_log`."""
        texts = await self._store._run_on_second_connection(lambda db: texts_of(db, person))
        records = await self._closed_records(texts)
        entries, older = await self._entries_of(texts)
        count = await self._store._run(lambda: sum(one.count for seq in entries if (one := self._erased(seq, texts))))
        return ErasureCount(texts=count, entries=len(entries), older=older, records=len(records))

    async def erase(self, person: KnownPerson, *, key: str, actor: str) -> ErasureCount:
        """Erase a person's texts, and record that; see `ports.audit_log`."""
        await self._store._run(lambda: self._require_not_in_force(person))
        texts = await self._store._run_on_second_connection(lambda db: texts_of(db, person))
        # NB. stored: a record that is rewritten before a kill does not say any more what else is to be erased.
        written = json.dumps([sorted(texts.ids), sorted(texts.names)])
        await self._store._write("update people set erasing = ? where number = ?", written, person.number)
        records = await self._closed_records(texts)
        entries, older = await self._entries_of(texts)
        parts, count = _parts(records, entries), 0
        for number, (part, some) in enumerate(parts, 1):
            is_last = number == len(parts)
            rest = {"older": older if is_last else 0, "records": len(part)}
            about = _Part(f"{key}:{number}", actor, tuple(part), tuple(some), rest, is_last=is_last)
            count += await self._store._run_write(partial(self._erase_part, person, texts, about))
        await self._store._run(self._empty_log)
        return ErasureCount(texts=count, entries=len(entries), older=older, records=len(records))

    async def _closed_records(self, texts: PersonTexts) -> list[tuple[str, Any]]:
        """Return the table and the key of each record that names a person and is not in force."""
        now = self._store._clock.now()
        return await self._store._run_on_second_connection(lambda db: list(closed_records(db, texts, now)))

    def _require_not_in_force(self, person: KnownPerson) -> None:
        if used := in_force(self._store._db.conn, person.ids, self._store._clock.now()):
            raise StaleVersion(f"{used[0]} names the person")

    def _rewrite(self, name: str, key: Any, texts: PersonTexts) -> None:
        """Rewrite a record, and have the entry of the running transaction name it as it is now."""
        table = TABLES[name]
        sql = f"select doc from {name} where {table.key} = :key and not {table.in_force}"  # noqa: S608
        row = self._store._db.conn.execute(sql, {"key": key, "now": text_of(self._store._clock.now())}).fetchone()
        if row is None:
            raise StaleVersion(f"{name} {key} is in force now")
        try:
            before = load(table.adapter, row[0])
            record = table.adapter.validate_json(json.dumps(without_person(content_of(row[0]), texts)))
        except ValidationError as error:
            _log.exception("record_not_erased", table=name, id=key)
            raise StaleVersion(f"{name} {key} cannot be read") from error
        columns = self._rows_of[name](record)
        columns.pop("version", None)
        if isinstance(before, CheckPermission) and record.key != before.key:
            self._store._seal_gone_click(before.key)  # nobody can retry it: another key is another click
            self._store._db.execute("delete from effects where id = ?", [key])
            return
        if name == "effects":
            columns["error"] = self._erased_error(key, texts)
            self._store._seal_click(record, columns["doc"], row[0])
        if name in SEALED_TABLES:
            self._store._seal(name, key, columns["doc"])
        sets = ", ".join(f"{column} = ?" for column in columns)
        self._store._db.execute(f"update {name} set {sets} where {table.key} = ?", [*columns.values(), key])  # noqa: S608

    def _erased_error(self, key: Any, texts: PersonTexts) -> str:
        (text,) = self._store._db.conn.execute("select error from effects where id = ?", [key]).fetchone()
        try:
            return json.dumps(without_person(json.loads(text), texts), ensure_ascii=False) if text else ""
        except ValueError:
            return texts.in_text(text)

    async def _entries_of(self, texts: PersonTexts) -> tuple[list[int], int]:
        """Return the numbers of the entries with texts to erase, and how many of earlier versions name the person."""
        return await self._store._run_on_second_connection(lambda db: entries_naming(db, texts))

    def _erased(self, seq: int, texts: PersonTexts) -> "_ErasedEntry | None":
        sql = f"select {RAW_COLUMNS}, {BESIDE_COLUMNS} from audit where seq = ?"  # noqa: S608
        row = chained_row(self._store._db.conn.execute(sql, [seq]).fetchone())
        erased = erase(row.entry, Sealed(row.references or "", row.salts or ""), texts)
        if erased is None:
            return None
        changed = {name: text for name in FIELDS if (text := erased.entry[name]) != row.entry[name]}
        return _ErasedEntry({**changed, "salts": erased.salts}, erased.count)

    def _erase_part(self, person: KnownPerson, texts: PersonTexts, part: "_Part") -> int:
        """Erase the texts of some records and entries, and record that in the same transaction; at last the ids too."""
        count = 0

        def erase_all() -> Mapping[str, str | None]:
            nonlocal count
            self._take_lock(person.number)
            self._require_not_in_force(person)
            add_functions(self._store._db.conn, texts)
            for name, key in part.records:
                self._rewrite(name, key, texts)
            for seq in part.entries:
                if (erased := self._erased(seq, texts)) is not None:
                    sets = ", ".join(f"{name} = ?" for name in erased.columns)
                    self._store._db.execute(f"update audit set {sets} where seq = ?", [*erased.columns.values(), seq])  # noqa: S608
                    count += erased.count
            if part.is_last:
                self._forget(person.number, texts)
            details = {"person": texts.pseudonym, "texts": count, "entries": len(part.entries), **part.rest}
            return dict.fromkeys(FIELDS) | self._entry_about(part, details)

        with self._store._writes.run_monitored(self._store._db), self._store._db.atomic():
            self._store._add_sealed_after(erase_all)
        return count

    def _entry_about(self, part: "_Part", details: Mapping[str, Any]) -> dict[str, str | None]:
        now = text_of(self._store._clock.now())
        text = self._store._clean.details(details)
        names = {"key": part.key, "at": now, "actor": part.actor, "command": ERASED}
        return {**names, "outcome": "accepted", "details": text}

    def _take_lock(self, number: int) -> None:
        """Take SQLite's one lock for writing before anything is read, so that nothing old is written."""
        self._store._db.conn.execute("update people set number = number where number = ?", [number])

    def _forget(self, number: int, texts: PersonTexts) -> None:
        """Delete a person's identifiers, and the rows that only served them."""
        add_functions(self._store._db.conn, texts)
        now = text_of(self._store._clock.now())
        values = {"ids": json.dumps(sorted(texts.ids)), "number": number, "now": now}
        for statement in FORGOTTEN:
            self._store._db.conn.execute(statement, values)

    def _empty_log(self) -> None:
        """Write the log into the file, and cut it off. While another program reads, the next time does it."""
        try:
            self._store._db.conn.execute("pragma wal_checkpoint(truncate)").fetchall()
        except sqlite3.OperationalError:
            _log.warning("log_not_emptied")


@dataclass(frozen=True, slots=True)
class _ErasedEntry:
    columns: Mapping[str, Any]
    count: int


@dataclass(frozen=True, slots=True)
class _Part:
    """Some records and entries whose texts are erased in one transaction."""

    key: str
    actor: str
    records: tuple[tuple[str, Any], ...]
    """The table and the key of each."""
    entries: tuple[int, ...]
    rest: Mapping[str, int]
    is_last: bool


def _parts(
    records: Sequence[tuple[str, Any]], entries: Sequence[int]
) -> Sequence[tuple[Sequence[tuple[str, Any]], Sequence[int]]]:
    """Return what is erased in each transaction: the records first."""
    of_records = [records[at : at + RECORDS_TOGETHER] for at in range(0, len(records), RECORDS_TOGETHER)] or [()]
    of_entries = [entries[at : at + ENTRIES_TOGETHER] for at in range(0, len(entries), ENTRIES_TOGETHER)] or [()]
    first = [(part, ()) for part in of_records[:-1]]
    return [*first, (of_records[-1], of_entries[0]), *(((), part) for part in of_entries[1:])]


def _person(rows: Sequence[Mapping[str, Any]]) -> KnownPerson:
    since = rows[0]["gone_since"]
    return KnownPerson(
        number=rows[0]["number"],
        accounts=tuple(PersonId(row["identifier"]) for row in rows if row["is_account"]),
        ids=tuple(row["identifier"] for row in rows if row["identifier"] is not None),
        gone_since=None if since is None else datetime.fromisoformat(since),
    )
