"""Sign each audit entry in the transaction that stores it, and read the chain.

The entry before it is read in the same transaction, after the new row has taken SQLite's one lock for writing. So two
processes on one file never sign two entries after the same one.

Each person whom records name gets a number, which is the pseudonym that stays when their texts are erased. A person
has an account and any number of chat ids, all with one number. What a chat id did before its account was known may be
signed with another number. The first entry with both connects the two.

It is long because whoever signs an entry gives numbers to the people in it, in the same transaction.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlite_utils import Database

from workflows.core.audit.chain import (
    BEGINNING,
    CHAIN_BEGUN,
    FIELDS,
    KEY_CHANGED,
    ChainedRow,
    ChainKey,
    ChainPoint,
    KeyRing,
    Record,
    sign,
)
from workflows.core.audit.personal import NOBODY, PSEUDONYM, SALT_BYTES, pseudonym, seal, signed_texts
from workflows.core.people import GATEHOUSE
from workflows.ports.audit_log import NumberedEntry
from workflows.ports.records import StoreUnusable
from workflows.store.common.reading import entry_of_row, people_in
from workflows.store.common.rows import SEALED_TABLES, text_of
from workflows.store.sqlite.database import SqliteDatabase

if TYPE_CHECKING:
    from workflows.core.audit.heads import Head
    from workflows.core.audit.sealing import RecordProofs
    from workflows.core.audit.verifying import ChainCheck

_COLUMNS: Final = ", ".join(FIELDS)
# NB. read as bytes, because a damaged text may be no UTF-8, and must not stop the verification.
RAW_COLUMNS: Final = f"seq, mac, {', '.join(f'cast({name} as blob)' for name in (*FIELDS, 'key_id'))}"
BESIDE_COLUMNS: Final = "cast(personal as blob), cast(salts as blob), cast(records as blob)"
_PAGE: Final = 1000
"""How many entries are signed, or read, at a time."""
_BOT: Final = GATEHOUSE.chat_id
_SMALLEST: Final = -(2**63)
_PAUSE_SECONDS: Final = 0.001
"""The pause of a verification in the bot's process after each page, so that clicks are answered meanwhile."""
_INSERT: Final = f"""insert into audit ({_COLUMNS}, personal, salts) select {", ".join("?" * (len(FIELDS) + 2))}
    where not exists (select 1 from audit where key = ?)"""  # noqa: S608
"""Adds an entry once. A number is not used up when the entry is known, so numbers have no gaps."""

_ABSENCE: Final = f"""coalesce((select '{PSEUDONYM}' || number from identities
     where identifier = substr(id, 1, instr(id, ':') - 1)) || substr(id, instr(id, ':')), id)"""  # noqa: S608
"""The id of an absence without the account in it: entries name it for ever, also when the person was erased."""
NAMED_BY: Final[Mapping[str, str]] = {**SEALED_TABLES, "absences": _ABSENCE}
"""The tables whose records are named by entries, with the expression of the id that entries have."""

_log = structlog.get_logger()


def _nothing() -> str | None:
    """Store no records."""
    return None


class SqliteAuditChain(SqliteDatabase):
    """Writes and reads the chain of the audit log."""

    _may_create_key = True
    """Whether a key may be made, and the chain goes on without the key of the last entry: in the bot's process."""

    def _add_entry(self, entry: Mapping[str, str | None], put: Callable[[], str | None] = _nothing) -> bool:
        """Add an entry in the running transaction, and sign it; return False when its key is known.

        :param put: stores the records of the entry, and returns what it says about them, see `core.audit.sealing`.
        """
        values = [entry[name] for name in FIELDS]
        added = self._db.execute(_INSERT, [*values, None, None, entry["key"]])
        if added.rowcount == 0:
            return False
        seq, before = int(added.lastrowid or 0), self._newest_signed()
        entry = self._sealed(seq, entry)
        ring = self._keys.ring(may_create=self._may_create_key)
        used = None if before is None else before[1]
        if not self._may_create_key and used is not None and ring.find(used) is None:
            raise StoreUnusable(
                f"{self._path.name}: the bot signs the audit log with another key ({used}); set AUDIT_KEY or "
                "AUDIT_KEY_FILE as for the bot"
            )
        point = self._sign(seq, BEGINNING.mac if before is None else before[0].mac, entry, ring.signing, put())
        if used not in (None, ring.signing.id):
            self._add_key_change(point, used, ring)
        return True

    def _sealed(self, seq: int, entry: Mapping[str, str | None]) -> Mapping[str, str | None]:
        """Store the commitments to an entry's personal texts beside it, and return what is signed."""
        self._register(entry["actor"] or "", entry["account"] or "")
        sealed = seal(entry, self._number_of, lambda: secrets.token_bytes(SALT_BYTES))
        if sealed is None:
            return entry
        sql = "update audit set personal = ?, salts = ? where seq = ?"
        self._db.execute(sql, [sealed.references, sealed.salts, seq])
        return signed_texts(entry, sealed.references)

    def _number_of(self, text: str) -> int | None:
        """Return the number of the person with this account or chat id; `NOBODY` for another text, None for the bot."""
        if text == _BOT:
            return None
        row = self._db.conn.execute("select number from identities where identifier = ?", [text]).fetchone()
        return NOBODY if row is None else int(row[0])

    def _register(self, chat_id: str, account: str) -> None:
        """Give the person with these identifiers a number. Either may be empty."""
        known = {text: self._number_of(text) for text in (account, chat_id) if text and text != _BOT}
        unknown = [text for text, number in known.items() if not number]
        number = next(filter(None, known.values()), None)  # the account's, where both have one
        if not unknown:
            if len(set(known.values())) > 1:  # the chat id acted before the account was known
                self._db.execute("update identities set number = ? where identifier = ?", [number, chat_id])
            return
        if number is None:
            number = int(self._db.execute("insert into people (gone_since) values (null)").lastrowid or 0)
        for text in unknown:
            values = [text, number, int(text == account)]
            self._db.execute("insert into identities (identifier, number, is_account) values (?, ?, ?)", values)

    def _register_people_of(self, documents: Iterable[str]) -> None:
        """Give numbers to the people whom documents name."""
        for chat_id, account in people_in(documents):
            self._register(chat_id, account)

    def _named_absence(self, identity: str) -> str:
        """Return the id of an absence as entries have it. It begins with the account of the person."""
        account, *rest = identity.split(":", 1)
        self._register("", account)
        return ":".join([pseudonym(number) if (number := self._number_of(account)) else account, *rest])

    def _newest_signed(self) -> tuple[ChainPoint, str] | None:
        sql = "select seq, mac, key_id from audit where mac is not null order by seq desc limit 1"
        row = self._db.conn.execute(sql).fetchone()
        return None if row is None else (ChainPoint(row[0], row[1]), row[2])

    def _sign(
        self, seq: int, previous: bytes, entry: Mapping[str, str | None], key: ChainKey, records: str | None = None
    ) -> ChainPoint:
        mac = sign(previous, seq, entry, key, records)
        sql = "update audit set key_id = ?, mac = ?, records = ? where seq = ?"
        self._db.execute(sql, [key.id, mac, records, seq])
        return ChainPoint(seq, mac)

    def _add_key_change(self, before: ChainPoint, used: str | None, ring: KeyRing) -> None:
        """Record that the entry before this one is the first with another key, and whether the old one is known."""
        has_old = used is not None and ring.find(used) is not None
        details = {"from": used, "to": ring.signing.id, "has_old": has_old, "since": before.seq}
        self._add_own(f"{KEY_CHANGED}:{before.seq}", KEY_CHANGED, details, before, ring.signing)
        if not has_old:
            _log.error("audit_key_missing", key_id=used)

    def _add_own(
        self,
        name: str,
        command: str,
        details: Mapping[str, object],
        before: ChainPoint,
        key: ChainKey,
        records: str | None = None,
    ) -> None:
        """Add an entry of the chain about itself."""
        entry: dict[str, str | None] = dict.fromkeys(FIELDS)
        entry |= {"key": name, "at": text_of(self._clock.now()), "actor": GATEHOUSE.chat_id, "command": command}
        entry |= {"outcome": "accepted", "details": json.dumps(details)}
        added = self._db.execute(_INSERT, [*(entry[field] for field in FIELDS), None, None, name])
        self._sign(int(added.lastrowid or 0), before.mac, entry, key, records)

    def _sign_existing(self, db: Database) -> None:
        """Sign the entries of a file from before entries were signed, and record that they were signed only now.

        They get new numbers without gaps: earlier versions used up a number for each repeated click.
        """
        self._db, point, after = db, BEGINNING, BEGINNING.seq
        if db.execute("select 1 from audit limit 1").fetchone() is None:
            return
        key = self._keys.ring(may_create=self._may_create_key).signing
        while rows := _page_after(db.conn, after):
            signed = []
            for row in rows:
                point = ChainPoint(point.seq + 1, sign(point.mac, point.seq + 1, row.entry, key))
                signed.append((point.seq, key.id, point.mac, row.seq))
            db.conn.executemany("update audit set seq = ?, key_id = ?, mac = ? where seq = ?", signed)
            after = rows[-1].seq
        db.execute("update sqlite_sequence set seq = ? where name = 'audit'", [point.seq])
        self._add_own(f"{CHAIN_BEGUN}:{point.seq}", CHAIN_BEGUN, {"entries": point.seq}, point, key)
        _log.info("audit_entries_signed", count=point.seq, key_id=key.id)

    async def entries_after(self, seq: int, *, limit: int) -> Sequence[NumberedEntry]:
        """List the entries after a sequence number, oldest first; see `ports.audit_log`."""
        sql = f"select seq, key_id, mac, {_COLUMNS} from audit where seq > ? order by seq limit ?"  # noqa: S608
        rows = await self._query(sql, seq, limit)
        return await asyncio.to_thread(lambda: list(map(_numbered, rows)))

    async def rows_after(self, seq: int, *, limit: int) -> Sequence[ChainedRow]:
        """List the rows after a sequence number as they are stored; see `ports.audit_log`."""
        return await self._run(lambda: _page_after(self._db.conn, seq, limit))

    async def chain_end(self) -> ChainPoint:
        """Return the newest signed entry; see `ports.audit_log`."""
        found = await self._run(self._newest_signed)
        return BEGINNING if found is None else found[0]

    async def verify_chain(self, *, newest: int | None = None) -> "ChainCheck":
        """Verify the signatures; see `ports.audit_log`."""
        ring = await asyncio.to_thread(partial(self._keys.ring, may_create=self._may_create_key))
        from workflows.core.audit.sealing import RecordProofs  # a start does not wait for it

        proofs = None if newest is not None else RecordProofs(keys=ring)
        check = partial(verify_connection, keys=ring, newest=newest, pause=_PAUSE_SECONDS, proofs=proofs)
        found = await self._run_on_second_connection(check)
        if proofs is not None and all(problem.record for problem in found.problems):
            self._take_proofs(proofs)
        return found

    def _take_proofs(self, proofs: "RecordProofs") -> None:
        """Use what all entries say, which were read and are whole."""


def verify_connection(
    db: Any,
    keys: KeyRing,
    *,
    head: "Head | None" = None,
    newest: int | None = None,
    pause: float = 0,
    proofs: "RecordProofs | None" = None,
) -> "ChainCheck":
    """Verify the entries of one file at one moment, and compare all records with all entries.

    A few entries are held at a time, and of each record its digest.

    :param db: a connection of `sqlite3`.
    :param proofs: follows all entries; None: records are not compared.
    :param newest: how many of the newest entries; None for all of them.
    :param pause: seconds between two pages.
    """
    from workflows.core.audit.verifying import verify, with_problems  # a start does not wait for it

    db.execute("begin")  # one snapshot for everything that is read here
    sequence = db.execute("select seq from sqlite_sequence where name = 'audit'").fetchone()
    start = BEGINNING if newest is None else _point_before(db, newest)
    # NB. from the smallest number on: a row that something else added may have a number below the first one.
    rows = stream_entries(db, start.seq or _SMALLEST, pause)
    if proofs is not None:
        rows = _followed(rows, proofs)
    found = verify(rows, keys, start=start, newest=int(sequence[0]) if sequence else 0, head=head)
    return found if proofs is None else with_problems(found, proofs.problems(stored_records(db)))


def _followed(rows: Iterable[ChainedRow], proofs: "RecordProofs") -> Iterator[ChainedRow]:
    for row in rows:
        proofs.follow(row)
        yield row


def _point_before(db: Any, newest: int) -> ChainPoint:
    sql = "select seq, mac from audit where mac is not null order by seq desc limit 1 offset ?"
    row = db.execute(sql, [newest]).fetchone()
    return BEGINNING if row is None else ChainPoint(row[0], row[1])


def stream_entries(db: Any, after: int, pause: float = 0) -> Iterator[ChainedRow]:
    """Read the entries after a sequence number, page by page."""
    while rows := _page_after(db, after):
        yield from rows
        after = rows[-1].seq
        time.sleep(pause)


def _page_after(db: Any, after: int, limit: int = _PAGE) -> list[ChainedRow]:
    # A file of an earlier version is verified as it is: none of its entries has anything beside it.
    is_new = db.execute("select 1 from pragma_table_info('audit') where name = 'records'").fetchone() is not None
    columns = f"{RAW_COLUMNS}, {BESIDE_COLUMNS if is_new else 'null, null, null'}"
    rows = db.execute(f"select {columns} from audit where seq > ? order by seq limit ?", [after, limit])  # noqa: S608
    return [chained_row(row) for row in rows]


def chained_row(row: Sequence[Any]) -> ChainedRow:
    """Return an entry from the columns `RAW_COLUMNS` and `BESIDE_COLUMNS`."""
    seq, mac, *texts = row
    *decoded, key, personal, salts, records = (
        None if text is None else text.decode("utf-8", "surrogateescape") for text in texts
    )
    entry = dict(zip(FIELDS, decoded, strict=True))
    key_id = None if key is None else key.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    beside = {"references": personal, "salts": salts, "records": records}
    return ChainedRow(seq=seq, entry=entry, key_id=key_id, mac=mac, **beside)


def _numbered(row: Mapping[str, Any]) -> NumberedEntry:
    entry = entry_of_row({name: row[name] for name in FIELDS})
    mac = "" if row["mac"] is None else row["mac"].hex()
    return NumberedEntry(seq=row["seq"], mac=mac, key_id=row["key_id"] or "", entry=entry)


def stored_records(db: Any) -> Iterator[tuple[Record, str]]:
    """Read every record that an entry must name."""
    for table, key in NAMED_BY.items():
        for identity, doc in db.execute(f"select {key}, cast(doc as blob) from {table}"):  # noqa: S608
            yield Record(table, str(identity)), doc.decode("utf-8", "surrogateescape")
