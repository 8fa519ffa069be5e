"""Erase the texts of a person who left: in records that are closed, beside entries of the audit log, and their ids.

Each step is one short transaction, so that clicks are stored in between. Its entry names the records that it rewrote.
The identifiers go last: after a kill, whoever asks again finds the person and goes on. SQLite overwrites what it frees
(`secure_delete`), and the log of writes is emptied at the end.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import structlog

from workflows.core.audit.erasing import PersonTexts
from workflows.core.requests.effects import CheckPermission
from workflows.ports.audit_log import ErasureCount, KnownPerson
from workflows.ports.records import StaleVersion
from workflows.store.common.erasing import (
    KEYS,
    ErasedEntry,
    KnownPeople,
    Part,
    erased_entry,
    erased_error,
    parts_of,
    rewritten,
)
from workflows.store.common.rows import SEALED_TABLES, text_of
from workflows.store.sqlite.other_records.audit_chain import BESIDE_COLUMNS, RAW_COLUMNS, chained_row
from workflows.store.sqlite.other_records.named_records import (
    IN_FORCE,
    add_functions,
    closed_records,
    entries_naming,
    in_force,
    texts_of,
)
from workflows.store.sqlite.other_records.sealed_records import SqliteSealedRecords

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


class SqliteErasure(KnownPeople):
    """Implements `ports.audit_log.PersonalData`. A start does not wait for it."""

    def __init__(self, store: SqliteSealedRecords, rows_of: Mapping[str, Callable[[Any], dict[str, Any]]]) -> None:
        """Create it.

        :param store: the open store, of which this is a part.
        :param rows_of: what makes the columns of a record, by table.
        """
        super().__init__(store)
        self._store = store
        self._rows_of = rows_of

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
        await self._save_begun(person, texts)
        records = await self._closed_records(texts)
        entries, older = await self._entries_of(texts)
        count = 0
        for part in parts_of(records, entries, older=older, key=key, actor=actor):
            count += await self._store._run_write(partial(self._erase_part, person, texts, part))
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
        sql = f"select doc from {name} where {KEYS[name]} = :key and not {IN_FORCE[name]}"  # noqa: S608
        row = self._store._db.conn.execute(sql, {"key": key, "now": text_of(self._store._clock.now())}).fetchone()
        if row is None:
            raise StaleVersion(f"{name} {key} is in force now")
        before, record = rewritten(name, key, row[0], texts)
        columns = self._rows_of[name](record)
        columns.pop("version", None)
        if isinstance(before, CheckPermission) and record.key != before.key:
            self._store._seal_gone_click(before.key)  # nobody can retry it: another key is another click
            self._store._db.execute("delete from effects where id = ?", [key])
            return
        if name == "effects":
            (error,) = self._store._db.conn.execute("select error from effects where id = ?", [key]).fetchone()
            columns["error"] = erased_error(error, texts)
            self._store._seal_click(record, columns["doc"], row[0])
        if name in SEALED_TABLES:
            self._store._seal(name, key, columns["doc"])
        sets = ", ".join(f"{column} = ?" for column in columns)
        self._store._db.execute(f"update {name} set {sets} where {KEYS[name]} = ?", [*columns.values(), key])  # noqa: S608

    async def _entries_of(self, texts: PersonTexts) -> tuple[list[int], int]:
        """Return the numbers of the entries with texts to erase, and how many of earlier versions name the person."""
        return await self._store._run_on_second_connection(lambda db: entries_naming(db, texts))

    def _erased(self, seq: int, texts: PersonTexts) -> ErasedEntry | None:
        sql = f"select {RAW_COLUMNS}, {BESIDE_COLUMNS} from audit where seq = ?"  # noqa: S608
        return erased_entry(chained_row(self._store._db.conn.execute(sql, [seq]).fetchone()), texts)

    def _erase_part(self, person: KnownPerson, texts: PersonTexts, part: Part) -> int:
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
            entry = part.entry(texts, count, self._store._clock.now())
            return entry | {"details": self._store._clean.details(entry["details"])}

        with self._store._writes.run_monitored(self._store._db), self._store._db.atomic():
            self._store._add_sealed_after(erase_all)
        return count

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
