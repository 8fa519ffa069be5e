"""Have each entry name the records that are stored with it, and find records that no entry names as they are.

A boundary: nothing else knows how entries name records.
"""

import asyncio
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
from psycopg import Connection

from workflows.core.audit.chain import CLICKS, FREEZE_KEY, LOG, WHATEVER, Record, Seal, digest_of
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.effects import CheckPermission, Effect
from workflows.core.requests.request import BatchId, RequestId
from workflows.ports.audit_log import RESULT_OF, AuditKeys, RestsOn
from workflows.ports.clock import Clock
from workflows.store.common.reading import (
    FREEZE_RECORD,
    is_open_record,
    is_pending_click,
    problems_of,
    record_of_click,
)
from workflows.store.postgres.audit.audit_chain import (
    NAMED_BY,
    SMALLEST,
    PostgresAuditChain,
    chained,
    entry_columns,
    stream_entries,
)
from workflows.store.postgres.audit.people import Naming
from workflows.store.postgres.database import execute
from workflows.store.postgres.opening.server import Connected, Server
from workflows.store.postgres.opening.use_lock import UseLock
from workflows.store.redaction import RecordRedactor

if TYPE_CHECKING:
    from workflows.core.audit.sealing import RecordProofs
    from workflows.core.audit.verifying import ChainProblem

_PAGE: Final = 1000
_MAX_LOGGED: Final = 1000
"""How many problems are remembered as logged. Then they may be logged again."""
Found = TypeVar("Found")
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
        self._logged: set[str] = set()

    async def _seal(
        self, connection: Connected, naming: Naming, table: str, identity: str, doc: str, *, is_safe: bool = False
    ) -> None:
        """Name a record that is about to be stored. Must be called before it is.

        :param is_safe: whether the new record opens nothing, whatever was stored before it.
        """
        record = Record(table, naming.named_absence(identity) if table == "absences" else identity)
        before = WHATEVER if is_safe else digest_of(record, await _text_in(connection, record))
        naming.seals.append(Seal(*record, digest_of(record, doc), before))

    def _seal_click(self, naming: Naming, effect: Effect, doc: str, before: str | None = None) -> None:
        """Name a click that is checked later, so that no other one is.

        :param before: the text that the new one takes the place of; None for a new click.
        """
        if isinstance(effect, CheckPermission):
            record = Record(CLICKS, effect.key)
            naming.seals.append(Seal(*record, digest_of(record, doc), digest_of(record, before)))

    def _seal_gone_click(self, naming: Naming, click: str) -> None:
        """Say that a click is over. The key of its result says it too, but it is no proof: texts can be erased.

        :param click: its key.
        """
        naming.seals.append(Seal(CLICKS, click, "", WHATEVER))

    def _seal_result(self, naming: Naming, key: str) -> None:
        """Say in the entry with the result of a click that it is over."""
        if key.startswith(RESULT_OF):
            self._seal_gone_click(naming, key.removeprefix(RESULT_OF))

    async def _accept_as_they_are(self, connection: Connected, naming: Naming, ended: Freeze) -> None:
        """Name the records as they are, at the end of a freeze that began because of them: two admins know of it.

        Both of them clicked: the record of the one who asked is the result of a click that was received. The head of
        the log is locked first, so that no entry is added while all of them are read.

        NB. never what is open: whoever forged an approval would only have to wait. It must be requested again.
        """
        asked = ended.end_request
        if asked is None or ended.ended_by is None or asked.person.id == ended.ended_by.id:
            return
        proofs = await self._read_all(connection)
        before = {seal.before for seal in naming.seals if (seal.table, seal.id) == FREEZE_RECORD}
        is_asked = any(proofs.is_by_click(FREEZE_RECORD, one) for one in before)
        if not proofs.frozen_by.startswith(FREEZE_KEY) or not is_asked:
            return
        named = {(seal.table, seal.id) for seal in naming.seals}
        naming.seals.append(Seal(LOG, "", str(proofs.broken_count), WHATEVER))
        records = [one for table in NAMED_BY for one in await _records_in(connection, table)]
        # NB. also what was known before the newest entries were cut off, which the log does not say any more.
        known = await asyncio.to_thread(self._known_problems, records)
        for problem in (*proofs.problems(records), *known):
            record = Record(*problem.record.split(" ", 1))
            text = await _text_in(connection, record)
            if record not in named and not is_open_record(record, text):
                named.add(record)
                naming.seals.append(Seal(*record, digest_of(record, text), WHATEVER))

    async def _read_all(self, connection: Connected) -> "RecordProofs":
        """Follow all entries. None is added before this transaction ends."""
        from workflows.core.audit.verifying import ChainProblem, ChainProblemCode  # a start does not wait for it

        head = await (await execute(connection, "select seq from audit_head for update")).fetchone()
        proofs = self._new_proofs()
        after, sql = SMALLEST, f"select {entry_columns()} from audit where seq > ? order by seq limit ?"  # noqa: S608
        while rows := await (await execute(connection, sql, after, _PAGE)).fetchall():
            for row in rows:
                proofs.follow(chained(tuple(row.values())))
            after = rows[-1]["seq"]
        if head is not None and head["seq"] > proofs.last.seq:
            proofs.note_cut(ChainProblem(ChainProblemCode.TAIL_CUT, proofs.last.seq + 1))
        return proofs

    def _known_problems(self, records: Sequence[tuple[Record, str]]) -> "Sequence[ChainProblem]":
        with self._following:
            return list(self._proofs.problems(records)) if self._proofs else []

    def _take_proofs(self, proofs: "RecordProofs") -> None:
        """Go on with these proofs, when an entry was put back, or a key. Never when entries were cut off."""
        with self._following:
            before = self._proofs
            if before is not None and not before.is_cut and proofs.has_read(before.last):
                self._proofs = proofs

    def _new_proofs(self) -> "RecordProofs":
        from workflows.core.audit.sealing import RecordProofs  # a start does not wait for it

        return RecordProofs(keys=self._keys.ring(may_create=False))

    async def unproven(self, about: RestsOn) -> "Sequence[ChainProblem]":
        """List why what something rests on is not believed; see `ports.audit_log`."""
        async with self._in_order:  # members of a wave are written in the order of who asked
            return await self._read_beside(partial(self._unproven, about))

    async def unproven_requests(self, request_ids: Collection[RequestId]) -> frozenset[RequestId]:
        """Return which requests are not as signed entries say; see `ports.audit_log`."""
        return frozenset(map(RequestId, await self._unproven_of("requests", request_ids)))

    async def unproven_batches(self, batch_ids: Collection[BatchId]) -> frozenset[BatchId]:
        """Return which batches are not as signed entries say; see `ports.audit_log`."""
        return frozenset(map(BatchId, await self._unproven_of("batches", batch_ids)))

    async def _unproven_of(self, table: str, ids: Collection[str]) -> frozenset[str]:
        """Return which records of a table are not as signed entries say. Nothing is noted for the next tick."""
        async with self._in_order:
            return await self._read_beside(partial(self._compared, table, ids))

    def take_unproven(self) -> "Sequence[ChainProblem]":
        """Return what was not believed since the last call; see `ports.audit_log`."""
        found, self._found = self._found, []
        return found

    def _compared(self, table: str, ids: Collection[str], connection: "Connection[Any]") -> frozenset[str]:
        def find(proofs: "RecordProofs") -> frozenset[str]:
            records = {one: Record(table, one) for one in ids}
            text_of = partial(_text_of, connection)
            return frozenset(one for one, it in records.items() if proofs.problem_of(it, text_of(it)) is not None)

        return self._compare(connection, find)

    def _compare(self, connection: "Connection[Any]", find: Callable[["RecordProofs"], Found]) -> Found:
        """Compare records with all entries, of one moment: that of the first statement on this connection."""
        with self._following:
            proofs = self._proofs or self._new_proofs()
            proofs.keys = self._keys.ring(may_create=False)
            found = find(_followed(connection, proofs))
            self._proofs = proofs
        return found

    def _unproven(self, about: RestsOn, connection: "Connection[Any]") -> "Sequence[ChainProblem]":
        def find(proofs: "RecordProofs") -> "Sequence[ChainProblem]":
            found = list(_problems(connection, proofs, about))
            if about.click is not None and _has_result(connection, about.click):
                # It was checked twice at once. Its result is stored once, so this refusal stores nothing.
                self._note_found([problem for problem in found if problem.record != record_of_click(about.click)])
            else:
                self._note_found(found)
            return found

        return self._compare(connection, find)

    def _note_found(self, found: "Sequence[ChainProblem]") -> None:
        """Keep what is to be reported at the next tick. Each problem is logged once."""
        self._found = list({problem.name: problem for problem in (*self._found, *found)}.values())
        names = {problem.name for problem in found} - self._logged
        if names:
            _log.error("not_as_signed", problems=sorted(names))
            self._logged = names if len(self._logged) > _MAX_LOGGED else self._logged | names


def _followed(connection: "Connection[Any]", proofs: "RecordProofs") -> "RecordProofs":
    """Have the proofs follow the entries that are new."""
    from workflows.core.audit.verifying import ChainProblem, ChainProblemCode

    def is_stored(seq: int, mac: bytes | None) -> bool:
        same = "select 1 from audit where seq = %s and mac is not distinct from %s"
        return connection.execute(same, [seq, mac]).fetchone() is not None

    cut = proofs.go_back(is_stored)
    for row in stream_entries(connection, proofs.last.seq or SMALLEST):
        proofs.follow(row)
    given = connection.execute("select seq from audit_head").fetchone()
    if cut is None and given is not None and given[0] > proofs.last.seq:
        cut = ChainProblem(ChainProblemCode.TAIL_CUT, proofs.last.seq + 1)
    if cut is not None:  # NB. now: the end of a freeze that was read just now is no answer to it
        proofs.note_cut(cut)
    return proofs


def _problems(connection: "Connection[Any]", proofs: "RecordProofs", about: RestsOn) -> "Iterator[ChainProblem]":
    def absences() -> list[str]:
        found = connection.execute(f"select {NAMED_BY['absences']} from absences").fetchall()  # noqa: S608
        return [row[0] for row in found]

    is_received = partial(_is_received, connection, proofs)
    return problems_of(proofs, about, partial(_text_of, connection), absences, is_received)


def _is_received(connection: "Connection[Any]", proofs: "RecordProofs", click: CheckPermission) -> bool:
    """Return whether a click was received and has no result yet."""
    sql = "select args->>'doc' as doc from procrastinate_jobs where task_name = 'effect' and args->>'lane' = %s"
    rows = connection.execute(sql, [f"judge:{click.key}"]).fetchall()
    return is_pending_click(proofs, click, [doc for (doc,) in rows])


def _has_result(connection: "Connection[Any]", click: CheckPermission) -> bool:
    known = connection.execute("select 1 from audit where key = %s", [f"{RESULT_OF}{click.key}"])
    return known.fetchone() is not None


def _text_of(connection: "Connection[Any]", record: Record) -> str | None:
    sql = f"select doc from {record.table} where {NAMED_BY[record.table]} = %s"  # noqa: S608
    row = connection.execute(sql, [record.id]).fetchone()
    return None if row is None else str(row[0])


async def _text_in(connection: Connected, record: Record) -> str | None:
    sql = f"select doc from {record.table} where {NAMED_BY[record.table]} = ?"  # noqa: S608
    row = await (await execute(connection, sql, record.id)).fetchone()
    return None if row is None else str(row["doc"])


async def _records_in(connection: Connected, table: str) -> list[tuple[Record, str]]:
    found = await execute(connection, f"select {NAMED_BY[table]} as id, doc from {table}")  # noqa: S608
    return [(Record(table, str(row["id"])), str(row["doc"])) for row in await found.fetchall()]
