"""Erase the texts of a person who left: in records that are closed, beside entries of the audit log, and their ids.

Each step is one short transaction, so that clicks are stored in between. While it runs, no commit does, in whatever
process. Its entry names the records that it rewrote. The identifiers go last: after a kill, whoever asks again finds
the person and goes on. The server frees what was there before at its next `vacuum`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

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
from workflows.store.common.rows import SEALED_TABLES, Row, text_of
from workflows.store.postgres.audit.audit_chain import chained, entry_columns, storable
from workflows.store.postgres.audit.named_records import (
    TABLES,
    closed_records,
    entries_naming,
    in_force,
    in_force_sql,
    is_in_force,
    rows_in,
    texts_of,
)
from workflows.store.postgres.audit.people import Naming
from workflows.store.postgres.audit.sealed_records import PostgresSealedRecords
from workflows.store.postgres.database import execute
from workflows.store.postgres.locks import PEOPLE_LOCK
from workflows.store.postgres.opening.server import Connected

FORGOTTEN: Final = (
    "delete from homes where person = any(%(ids)s)",
    "delete from profiles where chat_id = any(%(ids)s) or account = any(%(ids)s)",
    "delete from identities where identifier = any(%(ids)s) or number = %(number)s",
    "update people set erasing = null, erased_at = %(now)s where number = %(number)s",
)
"""What is deleted at the end, besides copies and marks: what only served the person, and their identifiers."""
_EFFECT: Final = """update procrastinate_jobs set args = args || jsonb_build_object('lane', %(lane)s::text,
    'by', %(asked_by)s::text, 'doc', %(doc)s::text, 'error', %(error)s::text) where id = %(id)s"""


class PostgresErasure(KnownPeople):
    """Implements `ports.audit_log.PersonalData`. A start does not wait for it."""

    def __init__(self, store: PostgresSealedRecords, rows_of: Mapping[str, Callable[[Any], Row]]) -> None:
        """Create it.

        :param store: the open store, of which this is a part.
        :param rows_of: what makes the columns of a record, by table.
        """
        super().__init__(store)
        self._store = store
        self._rows_of = rows_of

    async def records_in_force(self, person: KnownPerson) -> Sequence[str]:
        """List what names a person and is in force or open; see `ports.audit_log`."""
        now = self._store._clock.now()
        return await self._store._read_beside(lambda connection: in_force(connection, person.ids, now))

    async def count_to_erase(self, person: KnownPerson) -> ErasureCount:
        """Count what would be erased; see `ports.audit_log`."""
        texts, records, (entries, older) = await self._found(person)
        count = 0
        async with self._store._connection() as connection:
            for part in parts_of((), entries, older=0, key="", actor=""):
                count += sum(one.count for _, one in await _erased(connection, part.entries, texts))
        return ErasureCount(texts=count, entries=len(entries), older=older, records=len(records))

    async def erase(self, person: KnownPerson, *, key: str, actor: str) -> ErasureCount:
        """Erase a person's texts, and record that; see `ports.audit_log`."""
        if used := await self.records_in_force(person):
            raise StaleVersion(f"{used[0]} names the person")
        texts = await self._store._read_beside(partial(texts_of, person=person))
        await self._save_begun(person, texts)
        texts, records, (entries, older) = await self._found(person)
        count = 0
        for part in parts_of(records, entries, older=older, key=key, actor=actor):
            count += await self._store._run_write(partial(self._erase_part, person=person, texts=texts, part=part))
        return ErasureCount(texts=count, entries=len(entries), older=older, records=len(records))

    async def _found(
        self, person: KnownPerson
    ) -> tuple[PersonTexts, Sequence[tuple[str, Any]], tuple[Sequence[int], int]]:
        """Return the texts of a person, and the closed records and the entries that have them, at one moment."""
        now = self._store._clock.now()

        def read(connection: Any) -> tuple[PersonTexts, Sequence[tuple[str, Any]], tuple[Sequence[int], int]]:
            texts = texts_of(connection, person)
            return texts, closed_records(connection, texts, now), entries_naming(connection, texts)

        return await self._store._read_beside(read)

    async def _require_not_in_force(self, connection: Connected, person: KnownPerson) -> None:
        values = {"now": text_of(self._store._clock.now()), "ids": list(person.ids)}
        for table in TABLES:
            found = await connection.execute(in_force_sql(table).encode(), values)
            for row in await found.fetchall():
                if is_in_force(row["doc"], row["in_force"]):
                    raise StaleVersion(f"{table} {row['key']} names the person")

    async def _erase_part(self, connection: Connected, person: KnownPerson, texts: PersonTexts, part: Part) -> int:
        """Erase the texts of some records and entries, and record that in the same transaction; at last the ids too."""
        await execute(connection, "select pg_advisory_xact_lock(?)", PEOPLE_LOCK)  # no commit until it ends
        known = await execute(connection, "select 1 from audit where key = ?", part.key)
        if await known.fetchone() is not None:
            raise StaleVersion(f"{part.key} is known")
        await self._require_not_in_force(connection, person)
        entry = part.entry(texts, 0, self._store._clock.now())
        absences = [("", str(key).split(":", 1)[0]) for table, key in part.records if table == "absences"]
        naming = await self._store._naming(connection, entry | {"details": ""}, absences)
        for table, key in part.records:
            await self._rewrite(connection, naming, table, key, texts)
        found = await _erased(connection, part.entries, texts)
        async with connection.pipeline():  # all of them are one round trip to the server
            for seq, erased in found:
                sets = ", ".join(f"{name} = ?" for name in erased.columns)
                await execute(connection, f"update audit set {sets} where seq = ?", *erased.columns.values(), seq)  # noqa: S608
        if part.is_last:
            await self._forget(connection, person.number, texts)
        count = sum(erased.count for _, erased in found)
        details = self._store._clean.details(part.entry(texts, count, self._store._clock.now())["details"])
        await self._store._add_entry(connection, storable(entry | {"details": details}), naming)
        return count

    async def _rewrite(self, connection: Connected, naming: Naming, table: str, key: Any, texts: PersonTexts) -> None:
        """Rewrite a record, and have the entry of the running transaction name it as it is now."""
        values = {"now": text_of(self._store._clock.now()), "key": key}
        sql = f"select doc, in_force from {rows_in(table)} where key = %(key)s for update of rows"  # noqa: S608
        row = await (await connection.execute(sql.encode(), values)).fetchone()
        if row is None or is_in_force(row["doc"], row["in_force"]):
            raise StaleVersion(f"{table} {key} is in force now")
        before, record = rewritten(table, key, row["doc"], texts)
        columns = self._rows_of[table](record)
        columns.pop("version", None)
        if isinstance(before, CheckPermission) and record.key != before.key:
            self._store._seal_gone_click(naming, before.key)  # nobody can retry it: another key is another click
            await execute(connection, "delete from procrastinate_jobs where id = ?", key)
            return
        if table == "effects":
            self._store._seal_click(naming, record, columns["doc"], row["doc"])
            await _rewrite_effect(connection, key, columns, texts)
            return
        if table in SEALED_TABLES:
            await self._store._seal(connection, naming, table, key, columns["doc"])
        sets = ", ".join(f"{column} = ?" for column in columns)
        await execute(connection, f"update {table} set {sets} where {KEYS[table]} = ?", *columns.values(), key)  # noqa: S608

    async def _forget(self, connection: Connected, number: int, texts: PersonTexts) -> None:
        """Delete a person's identifiers, and the rows that only served them."""
        values = {"ids": sorted(texts.ids), "number": number, "now": text_of(self._store._clock.now())}
        for statement in FORGOTTEN:
            await connection.execute(statement.encode(), values)
        found = await execute(connection, "select channel, message_id, audience, subject, occasion from copies")
        for row in await found.fetchall():
            if any(texts.names_them(row[name]) for name in ("audience", "subject", "occasion")):
                sql = "delete from copies where channel = ? and message_id = ?"
                await execute(connection, sql, row["channel"], row["message_id"])
        for row in await (await execute(connection, "select name, value from marks")).fetchall():
            if texts.names_them(row["name"]):
                await execute(connection, "delete from marks where name = ?", row["name"])
            elif texts.names_them(row["value"]):
                sql = "update marks set value = ? where name = ?"
                await execute(connection, sql, texts.in_text(row["value"]), row["name"])


async def _rewrite_effect(connection: Connected, key: Any, columns: Row, texts: PersonTexts) -> None:
    sql = "select args->>'error' as error from procrastinate_jobs where id = ?"
    row = await (await execute(connection, sql, key)).fetchone()
    error = erased_error("" if row is None else row["error"], texts)
    await connection.execute(_EFFECT.encode(), {**columns, "error": error, "id": key})


async def _erased(
    connection: Connected, numbers: Sequence[int], texts: PersonTexts
) -> Sequence[tuple[int, ErasedEntry]]:
    """Return what is stored in place of entries, with the number of each; without those that do not change."""
    sql = f"select {entry_columns()} from audit where seq = any(?) order by seq"  # noqa: S608
    found = await (await execute(connection, sql, list(numbers))).fetchall()
    rows = (chained(tuple(row.values())) for row in found)
    return [(row.seq, erased) for row in rows if (erased := erased_entry(row, texts)) is not None]
