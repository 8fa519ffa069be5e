"""Sign each audit entry in the transaction that stores it, and read the chain.

The one row of `audit_head` has the newest number. Whoever adds an entry changes it first, so that the entries are
written one after the other, without gaps, whichever process writes them. It is the last lock of a transaction.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import psycopg
import structlog

from workflows.core.audit.chain import (
    BEGINNING,
    FIELDS,
    KEY_CHANGED,
    ChainedRow,
    ChainKey,
    ChainPoint,
    KeyRing,
    Record,
    sign,
    written_seals,
)
from workflows.core.audit.personal import PSEUDONYM, SALT_BYTES, Sealed, seal, signed_texts
from workflows.core.people import GATEHOUSE
from workflows.ports.audit_log import NumberedEntry
from workflows.ports.records import StoreUnusable
from workflows.store.common.reading import entry_of_row
from workflows.store.common.rows import SEALED_TABLES, text_of
from workflows.store.postgres.audit.people import Naming, PostgresPeople
from workflows.store.postgres.database import execute, marked
from workflows.store.postgres.opening.server import Connected

if TYPE_CHECKING:
    from workflows.core.audit.heads import Head
    from workflows.core.audit.sealing import RecordProofs
    from workflows.core.audit.verifying import ChainCheck

_COLUMNS: Final = ", ".join(FIELDS)
_RAW: Final = f"seq, key_id, mac, {_COLUMNS}, personal, salts, records"
_PAGE: Final = 1000
"""How many entries are read at a time."""
SMALLEST: Final = -(2**63)
_PAUSE_SECONDS: Final = 0.001
"""The pause of a verification in the bot's process after each page, so that clicks are answered meanwhile."""
_NEWEST_SIGNED: Final = "select seq, mac, key_id from audit where mac is not null order by seq desc limit 1"

_ABSENCE: Final = f"""coalesce((select '{PSEUDONYM}' || number from identities
     where identifier = left(id, greatest(strpos(id, ':') - 1, 0))) || substr(id, strpos(id, ':')), id)"""  # noqa: S608
"""The id of an absence without the account in it: entries name it for ever, also when the person was erased."""
NAMED_BY: Final[Mapping[str, str]] = {**SEALED_TABLES, "absences": _ABSENCE}
"""The tables whose records are named by entries, with the expression of the id that entries have."""

_log = structlog.get_logger()


def entry_columns() -> str:
    """Return the columns that `chained` reads."""
    return _RAW


class PostgresAuditChain(PostgresPeople):
    """Writes and reads the chain of the audit log."""

    _may_go_on_without_key = True
    """Whether the chain may go on without the key of the last entry: in the bot's process."""

    async def _add_entry(self, connection: Connected, entry: Mapping[str, str | None], naming: Naming) -> str:
        """Add an entry in the running transaction, and sign it. Nothing may be locked after this.

        :param entry: as `storable` returns it.
        :param naming: what it says about the records stored with it, and the numbers of the people in it.
        :returns: the number of the transaction.
        """
        seq = await self._next_number(connection)
        row = await (await execute(connection, _NEWEST_SIGNED)).fetchone()
        before, used = (BEGINNING, None) if row is None else (ChainPoint(row["seq"], row["mac"]), row["key_id"])
        ring = self._keys.ring(may_create=False)
        if not self._may_go_on_without_key and used is not None and ring.find(used) is None:
            raise StoreUnusable(
                f"{self._server.name}: the bot signs the audit log with another key ({used}); set AUDIT_KEY or "
                "AUDIT_KEY_FILE as for the bot"
            )
        sealed, records = seal(entry, naming.number_of, new_salt), written_seals(naming.seals)
        point, transaction = await self._insert(connection, seq, before, entry, ring.signing, records, sealed)
        if used not in (None, ring.signing.id):
            await self._add_key_change(connection, point, used, ring)
        return transaction

    async def _next_number(self, connection: Connected) -> int:
        # NB. also the newest entry: something else may have changed the head, and no number is given twice.
        sql = "update audit_head set seq = greatest(seq, (select max(seq) from audit)) + 1 returning seq"
        row = await (await execute(connection, sql)).fetchone()
        if row is None:
            raise StoreUnusable(f"{self._server.name} has no head of the audit log; restore a backup")
        return int(row["seq"])

    async def _insert(
        self,
        connection: Connected,
        seq: int,
        before: ChainPoint,
        entry: Mapping[str, str | None],
        key: ChainKey,
        records: str | None = None,
        sealed: Sealed | None = None,
    ) -> tuple[ChainPoint, str]:
        personal, salts = (None, None) if sealed is None else (sealed.references, sealed.salts)
        mac = sign(before.mac, seq, signed_texts(entry, personal), key, records)
        values = (*(entry[name] for name in FIELDS), seq, key.id, mac, personal, salts, records)
        sql = f"""insert into audit ({_COLUMNS}, seq, key_id, mac, personal, salts, records)
            values ({", ".join("?" * len(values))}) returning pg_current_xact_id()::text as number"""  # noqa: S608
        added = await execute(connection, sql, *values)
        row = await added.fetchone()
        return ChainPoint(seq, mac), "" if row is None else str(row["number"])

    async def _add_key_change(self, connection: Connected, before: ChainPoint, used: str | None, ring: KeyRing) -> None:
        """Record that the entry before this one is the first with another key, and whether the old one is known."""
        has_old = used is not None and ring.find(used) is not None
        details = {"from": used, "to": ring.signing.id, "has_old": has_old, "since": before.seq}
        entry: dict[str, str | None] = dict.fromkeys(FIELDS)
        entry |= {"key": f"{KEY_CHANGED}:{before.seq}", "at": text_of(self._clock.now()), "actor": GATEHOUSE.chat_id}
        entry |= {"command": KEY_CHANGED, "outcome": "accepted", "details": json.dumps(details)}
        await self._insert(connection, await self._next_number(connection), before, entry, ring.signing)
        if not has_old:
            _log.error("audit_key_missing", key_id=used)

    async def entries_after(self, seq: int, *, limit: int) -> Sequence[NumberedEntry]:
        """List the entries after a sequence number, oldest first; see `ports.audit_log`."""
        sql = f"select {_RAW} from audit where seq > ? order by seq limit ?"  # noqa: S608
        rows = await self._query(sql, seq, limit)
        return await asyncio.to_thread(lambda: list(map(_numbered, rows)))

    async def rows_after(self, seq: int, *, limit: int) -> Sequence[ChainedRow]:
        """List the rows after a sequence number as they are stored; see `ports.audit_log`."""
        sql = f"select {_RAW} from audit where seq > ? order by seq limit ?"  # noqa: S608
        return [chained(tuple(row.values())) for row in await self._query(sql, seq, limit)]

    async def chain_end(self) -> ChainPoint:
        """Return the newest signed entry; see `ports.audit_log`."""
        rows = await self._query(_NEWEST_SIGNED)
        return ChainPoint(rows[0]["seq"], rows[0]["mac"]) if rows else BEGINNING

    async def verify_chain(self, *, newest: int | None = None) -> "ChainCheck":
        """Verify the signatures; see `ports.audit_log`."""
        ring = await asyncio.to_thread(partial(self._keys.ring, may_create=False))
        from workflows.core.audit.sealing import RecordProofs  # a start does not wait for it

        proofs = None if newest is not None else RecordProofs(keys=ring)
        check = partial(verify_entries, keys=ring, newest=newest, pause=_PAUSE_SECONDS, proofs=proofs)
        found = await self._read_beside(check)
        if proofs is not None and all(problem.record for problem in found.problems):
            await asyncio.to_thread(self._take_proofs, proofs)
        return found

    def _take_proofs(self, proofs: "RecordProofs") -> None:
        """Use what all entries say, which were read and are whole."""


def new_salt() -> bytes:
    """Return a salt for one text."""
    return secrets.token_bytes(SALT_BYTES)


def storable(entry: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Return an entry as it will be stored, because that is signed: without the character NUL, see `execute`."""
    return {name: text and text.replace("\x00", "") for name, text in entry.items()}


def verify_entries(
    connection: "psycopg.Connection[Any]",
    keys: KeyRing,
    *,
    head: "Head | None" = None,
    newest: int | None = None,
    pause: float = 0,
    proofs: "RecordProofs | None" = None,
) -> "ChainCheck":
    """Verify the entries at one moment, and compare all records with all entries. A few entries are held at a time.

    :param connection: in a transaction that sees one moment.
    :param newest: how many of the newest entries; None for all of them.
    :param pause: seconds between two pages.
    :param proofs: follows all entries; None: records are not compared.
    """
    from workflows.core.audit.verifying import verify, with_problems  # a start does not wait for it

    number = connection.execute("select seq from audit_head").fetchone()
    start = BEGINNING if newest is None else _point_before(connection, newest)
    # NB. from the smallest number on: a row that something else added may have a number below the first one.
    rows = stream_entries(connection, start.seq or SMALLEST, pause)
    if proofs is not None:
        rows = _followed(rows, proofs)
    found = verify(rows, keys, start=start, newest=int(number[0]) if number else 0, head=head)
    return found if proofs is None else with_problems(found, proofs.problems(stored_records(connection)))


def _followed(rows: Iterable[ChainedRow], proofs: "RecordProofs") -> Iterator[ChainedRow]:
    for row in rows:
        proofs.follow(row)
        yield row


def stored_records(connection: "psycopg.Connection[Any]") -> Iterator[tuple[Record, str]]:
    """Read every record that an entry must name."""
    for table, key in NAMED_BY.items():
        for identity, doc in connection.execute(f"select {key}, doc from {table}"):  # noqa: S608
            yield Record(table, str(identity)), str(doc)


def _point_before(connection: "psycopg.Connection[Any]", newest: int) -> ChainPoint:
    sql = "select seq, mac from audit where mac is not null order by seq desc limit 1 offset %s"
    row = connection.execute(sql, [newest]).fetchone()
    return BEGINNING if row is None else ChainPoint(row[0], row[1])


def stream_entries(connection: "psycopg.Connection[Any]", after: int, pause: float = 0) -> Iterator[ChainedRow]:
    """Read the entries after a sequence number, page by page."""
    sql = marked(f"select {_RAW} from audit where seq > ? order by seq limit ?")  # noqa: S608
    while rows := connection.execute(sql, [after, _PAGE]).fetchall():
        yield from map(chained, rows)
        after = rows[-1][0]
        time.sleep(pause)


def chained(row: Sequence[Any]) -> ChainedRow:
    """Return an entry from the columns of `_RAW`."""
    seq, key_id, mac, *texts, personal, salts, records = row
    entry = dict(zip(FIELDS, texts, strict=True))
    beside = {"references": personal, "salts": salts, "records": records}
    return ChainedRow(seq=seq, entry=entry, key_id=key_id, mac=mac, **beside)


def _numbered(row: Mapping[str, Any]) -> NumberedEntry:
    entry = entry_of_row({name: row[name] for name in FIELDS})
    mac = "" if row["mac"] is None else row["mac"].hex()
    return NumberedEntry(seq=row["seq"], mac=mac, key_id=row["key_id"] or "", entry=entry)
