"""Have each entry name the records that are stored with it, and find records that no entry names as they are.

A boundary: nothing else knows how entries name records.
"""

import asyncio
import threading
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from psycopg import Connection

from workflows.core.audit.chain import CLICKS, FREEZE_KEY, LOG, WHATEVER, Record, Seal, digest_of
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.requests.effects import CheckPermission, Effect
from workflows.ports.audit_log import RESULT_OF, AuditKeys, RestsOn
from workflows.ports.clock import Clock
from workflows.store.common.reading import is_open_record, is_pending_click, problems_of
from workflows.store.common.rows import SEALED_TABLES
from workflows.store.postgres.audit_chain import SMALLEST, PostgresAuditChain, chained, entry_columns, stream_entries
from workflows.store.postgres.database import execute
from workflows.store.postgres.opening.server import Connected, Server
from workflows.store.postgres.opening.use_lock import UseLock
from workflows.store.redaction import RecordRedactor

if TYPE_CHECKING:
    from workflows.core.audit.sealing import RecordProofs
    from workflows.core.audit.verifying import ChainProblem

_PAGE: Final = 1000
_log = structlog.get_logger()


class PostgresSealedRecords(PostgresAuditChain):
    """Names the records of a commit in its entry, and compares records with all entries."""

    def __init__(
        self, server: Server, clock: Clock, clean: RecordRedactor, keys: AuditKeys, use_lock: UseLock | None = None
    ) -> None:
        super().__init__(server, clock, clean, keys, use_lock)
        self._proofs: RecordProofs | None = None
        self._following = threading.Lock()
        self._in_order = asyncio.Lock()
        self._found: list[ChainProblem] = []

    async def _seal(
        self, connection: Connected, seals: list[Seal], record: Record, doc: str, *, is_safe: bool = False
    ) -> None:
        """Name a record that is about to be stored. Must be called before it is.

        :param is_safe: whether the new record opens nothing, whatever was stored before it.
        """
        before = WHATEVER if is_safe else digest_of(record, await _text_in(connection, record))
        seals.append(Seal(*record, digest_of(record, doc), before))

    def _seal_click(self, seals: list[Seal], effect: Effect) -> None:
        """Name a click that is checked later, so that no other one is."""
        if isinstance(effect, CheckPermission):
            record = Record(CLICKS, effect.key)
            seals.append(Seal(*record, digest_of(record, self._clean.effect(effect)), ""))

    async def _accept_as_they_are(self, connection: Connected, seals: list[Seal]) -> None:
        """Name the records as they are, at the end of a freeze that began because of them: two admins know of it.

        The head of the log is locked first, so that no entry is added while all of them are read.

        NB. never what is open: whoever forged an approval would only have to wait. It must be requested again.
        """
        sql = "select key from audit where command = ? and outcome = 'accepted' order by seq desc limit 1"
        newest = await (await execute(connection, sql, FreezeStep.FREEZE.value)).fetchone()
        if newest is None or not newest["key"].startswith(FREEZE_KEY):
            return
        head = await (await execute(connection, "select seq from audit_head for update")).fetchone()
        named, proofs = {(seal.table, seal.id) for seal in seals}, self._new_proofs()
        after, sql = SMALLEST, f"select {entry_columns()} from audit where seq > ? order by seq limit ?"  # noqa: S608
        while rows := await (await execute(connection, sql, after, _PAGE)).fetchall():
            for row in rows:
                proofs.follow(chained(tuple(row.values())))
            after = rows[-1]["seq"]
        if head is not None and head["seq"] > proofs.last.seq:
            proofs.note_cut()
        seals.append(Seal(LOG, "", str(proofs.broken_count), WHATEVER))
        for problem in proofs.problems(
            [one for table in SEALED_TABLES for one in await _records_in(connection, table)]
        ):
            record = Record(*problem.record.split(" ", 1))
            text = await _text_in(connection, record)
            if record not in named and not is_open_record(record, text):
                seals.append(Seal(*record, digest_of(record, text), WHATEVER))

    def _new_proofs(self) -> "RecordProofs":
        from workflows.core.audit.sealing import RecordProofs  # a start does not wait for it

        return RecordProofs(keys=self._keys.ring(may_create=False), result_of=RESULT_OF)

    async def unproven(self, about: RestsOn) -> "Sequence[ChainProblem]":
        """List why what something rests on is not believed; see `ports.audit_log`."""
        async with self._in_order:  # members of a wave are written in the order of who asked
            return await self._read_beside(partial(self._unproven, about))

    def take_unproven(self) -> "Sequence[ChainProblem]":
        """Return what was not believed since the last call; see `ports.audit_log`."""
        found, self._found = self._found, []
        return found

    def _unproven(self, about: RestsOn, connection: "Connection[Any]") -> "Sequence[ChainProblem]":
        with self._following:
            proofs = self._proofs or self._new_proofs()
            proofs.keys = self._keys.ring(may_create=False)
            _follow(connection, proofs)
            absences = [row[0] for row in connection.execute("select id from absences")]
            is_received = about.click is None or _is_received(connection, proofs, about.click)
            text_of = partial(_text_of, connection)
            found = list(problems_of(proofs, about, text_of, absences, is_received=is_received))
            self._proofs = proofs
        if found:
            self._found = list({problem.name: problem for problem in (*self._found, *found)}.values())
            _log.error("not_as_signed", problems=[problem.name for problem in found])
        return found


def _follow(connection: "Connection[Any]", proofs: "RecordProofs") -> None:
    """Have the proofs follow the entries that are new."""
    last, same = proofs.last, "select 1 from audit where seq = %s and mac is not distinct from %s"
    if last.seq and connection.execute(same, [last.seq, last.mac]).fetchone() is None:
        proofs.note_cut()
    for row in stream_entries(connection, last.seq or SMALLEST):
        proofs.follow(row)
    head = connection.execute("select seq from audit_head").fetchone()
    if head is not None and head[0] > proofs.last.seq:
        proofs.note_cut()


def _is_received(connection: "Connection[Any]", proofs: "RecordProofs", click: CheckPermission) -> bool:
    """Return whether a click was received and has no result yet. One that has a result never gets another one."""
    known = connection.execute("select 1 from audit where key = %s", [f"{RESULT_OF}{click.key}"])
    if known.fetchone() is not None:
        return True
    sql = "select args->>'doc' as doc from procrastinate_jobs where task_name = 'effect' and args->>'lane' = %s"
    rows = connection.execute(sql, [f"judge:{click.key}"]).fetchall()
    return is_pending_click(proofs, click, [doc for (doc,) in rows])


def _text_of(connection: "Connection[Any]", record: Record) -> str | None:
    sql = f"select doc from {record.table} where {SEALED_TABLES[record.table]} = %s"  # noqa: S608
    row = connection.execute(sql, [record.id]).fetchone()
    return None if row is None else str(row[0])


async def _text_in(connection: Connected, record: Record) -> str | None:
    sql = f"select doc from {record.table} where {SEALED_TABLES[record.table]} = ?"  # noqa: S608
    row = await (await execute(connection, sql, record.id)).fetchone()
    return None if row is None else str(row["doc"])


async def _records_in(connection: Connected, table: str) -> list[tuple[Record, str]]:
    found = await execute(connection, f"select {SEALED_TABLES[table]} as id, doc from {table}")  # noqa: S608
    return [(Record(table, str(row["id"])), str(row["doc"])) for row in await found.fetchall()]
