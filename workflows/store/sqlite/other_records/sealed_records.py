"""Have each entry name the records that are stored with it, and find records that no entry names as they are.

A boundary: nothing else knows how entries name records.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
from pydantic import ValidationError
from sqlite_utils import Database

from workflows.core.audit.chain import (
    BEGINNING,
    CLICKS,
    FREEZE_KEY,
    LOG,
    SEALING_BEGUN,
    WHATEVER,
    Record,
    Seal,
    digest_of,
    written_seals,
)
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.requests.effects import CheckPermission, Effect
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.ports.audit_log import RESULT_OF, AuditKeys, RestsOn
from workflows.ports.clock import Clock
from workflows.ports.records import StaleVersion
from workflows.store.codec import BATCH, EFFECT, REQUEST, load, load_shared
from workflows.store.redaction import RecordRedactor
from workflows.store.sqlite.database import NO_REDACTION
from workflows.store.sqlite.other_records.audit_chain import (
    SEALED_TABLES,
    SqliteAuditChain,
    stored_records,
    stream_entries,
)
from workflows.store.sqlite.other_records.drifts import FREEZE_ID

if TYPE_CHECKING:
    from workflows.core.audit.sealing import RecordProofs
    from workflows.core.audit.verifying import ChainProblem

Found = TypeVar("Found")
_NAMED_BY_ONE: Final = 500
"""How many records one entry names when all of them are named for the first time."""
_log = structlog.get_logger()


class SqliteSealedRecords(SqliteAuditChain):
    """Names the records of a commit in its entry, and compares records with all entries."""

    def __init__(
        self, path: Path, clock: Clock, clean: RecordRedactor = NO_REDACTION, keys: AuditKeys | None = None
    ) -> None:
        super().__init__(path, clock, clean, keys)
        self._seals: list[Seal] = []
        self._proofs: RecordProofs | None = None
        self._following = threading.Lock()
        self._found: list[ChainProblem] = []

    def _add_sealed(self, entry: Mapping[str, str | None], put: Callable[[], None]) -> bool:
        """Add an entry that names what `put` stores; return False when its key is known, and nothing was stored."""
        self._seals = []

        def put_all() -> str | None:
            put()
            self._seal_result(entry["key"] or "")
            return written_seals(self._seals)

        return self._add_entry(entry, put_all)

    def _add_sealed_after(self, work: Callable[[], Mapping[str, str | None]]) -> None:
        """Store records, and add the entry that names them; for an entry that says how much was stored.

        :param work: stores them, and returns the entry.
        :raises StaleVersion: when there is an entry with its key.
        """
        self._seals = []
        entry = work()
        if not self._add_entry(entry, lambda: written_seals(self._seals)):
            raise StaleVersion(f"{entry['key']} is known")

    def _seal(self, table: str, identity: str, doc: str, *, is_safe: bool = False) -> None:
        """Name a record that is about to be stored. Must be called before it is.

        :param is_safe: whether the new record opens nothing, whatever was stored before it.
        """
        record = Record(table, self._named_absence(identity) if table == "absences" else identity)
        before = WHATEVER if is_safe else digest_of(record, _text_of(self._db.conn, record))
        self._seals.append(Seal(*record, digest_of(record, doc), before))

    def _seal_click(self, effect: Effect, doc: str, before: str | None = None) -> None:
        """Name a click that is checked later, so that no other one is.

        :param before: the text that the new one takes the place of; None for a new click.
        """
        if isinstance(effect, CheckPermission):
            record = Record(CLICKS, effect.key)
            self._seals.append(Seal(*record, digest_of(record, doc), digest_of(record, before)))

    def _seal_gone_click(self, click: str) -> None:
        """Say that a click is over. The key of its result says it too, but it is no proof: texts can be erased.

        :param click: its key.
        """
        self._seals.append(Seal(CLICKS, click, "", WHATEVER))

    def _seal_result(self, key: str) -> None:
        """Say in the entry with the result of a click that it is over."""
        if key.startswith(RESULT_OF):
            self._seal_gone_click(key.removeprefix(RESULT_OF))

    def _seal_existing(self, db: Database) -> None:
        """Name the records of a file from before entries named any, in entries of their own."""
        self._db = db
        for (absence,) in db.execute("select id from absences").fetchall():
            self._named_absence(absence)
        clicks = db.execute("select lane, doc from effects where lane >= 'judge:' and lane < 'judge;'").fetchall()
        found = [*stored_records(db.conn), *((Record(CLICKS, lane[len("judge:") :]), doc) for lane, doc in clicks)]
        for start in range(0, len(found), _NAMED_BY_ONE):
            seals = [
                Seal(*record, digest_of(record, text), "") for record, text in found[start : start + _NAMED_BY_ONE]
            ]
            newest = self._newest_signed()
            point = BEGINNING if newest is None else newest[0]
            key = self._keys.ring(may_create=self._may_create_key).signing
            name, details = f"{SEALING_BEGUN}:{point.seq}", {"records": len(seals)}
            self._add_own(name, SEALING_BEGUN, details, point, key, written_seals(seals))
        if found:
            _log.info("records_sealed", count=len(found))

    def _accept_as_they_are(self) -> None:
        """Name the records as they are, at the end of a freeze that began because of them: two admins know of it.

        NB. never what is open: whoever forged an approval would only have to wait. It must be requested again.
        """
        sql = "select key from audit where command = ? and outcome = 'accepted' order by seq desc limit 1"
        newest = self._db.conn.execute(sql, [FreezeStep.FREEZE.value]).fetchone()
        if newest is None or not newest[0].startswith(FREEZE_KEY):
            return
        named = {(seal.table, seal.id) for seal in self._seals}
        db = self._db.conn
        proofs = _followed(db, self._new_proofs())
        # NB. the last entry is the one of this transaction, which is not signed yet.
        self._seals.append(Seal(LOG, "", str(proofs.broken_count - 1), WHATEVER))
        for problem in proofs.problems(stored_records(db)):
            record = Record(*problem.record.split(" ", 1))
            text = _text_of(db, record)
            if record not in named and not _is_open(record, text):
                self._seals.append(Seal(*record, digest_of(record, text), WHATEVER))

    def _new_proofs(self) -> "RecordProofs":
        from workflows.core.audit.sealing import RecordProofs  # a start does not wait for it

        return RecordProofs(keys=self._keys.ring(may_create=self._may_create_key))

    async def unproven(self, about: RestsOn) -> "Sequence[ChainProblem]":
        """List why what something rests on is not believed; see `ports.audit_log`."""
        if self._proofs is None:  # all entries are read, and the store's own connection stays free for clicks
            await self._run_on_second_connection(partial(self._unproven, RestsOn(needs_whole_log=False)))
        # NB. on the store's own thread, which keeps the order of who asked: members of a wave are written in theirs.
        return await self._run(lambda: self._unproven(about, self._db.conn))

    async def unproven_requests(self, request_ids: Collection[RequestId]) -> frozenset[RequestId]:
        """Return which requests are not as signed entries say; see `ports.audit_log`."""
        if self._proofs is None:
            await self._run_on_second_connection(partial(self._unproven, RestsOn(needs_whole_log=False)))
        return await self._run(lambda: self._unproven_requests(request_ids, self._db.conn))

    def take_unproven(self) -> "Sequence[ChainProblem]":
        """Return what was not believed since the last call; see `ports.audit_log`."""
        found, self._found = self._found, []
        return found

    def _unproven_requests(self, request_ids: Collection[RequestId], db: Any) -> frozenset[RequestId]:
        def find(proofs: "RecordProofs") -> frozenset[RequestId]:
            records = {one: Record("requests", one) for one in request_ids}
            return frozenset(one for one, it in records.items() if proofs.problem_of(it, _text_of(db, it)) is not None)

        return self._compare(db, find)

    def _compare(self, db: Any, find: Callable[["RecordProofs"], Found]) -> Found:
        """Compare records with all entries, of one moment."""
        with self._following:
            db.execute("begin")
            try:
                proofs = self._proofs or self._new_proofs()
                proofs.keys = self._keys.ring(may_create=self._may_create_key)
                found = find(_followed(db, proofs))
                self._proofs = proofs
            finally:
                db.rollback()
        return found

    def _unproven(self, about: RestsOn, db: Any) -> "Sequence[ChainProblem]":
        found = self._compare(db, lambda proofs: list(_problems(db, proofs, about)))
        if found:
            self._found = list({problem.name: problem for problem in (*self._found, *found)}.values())
            _log.error("not_as_signed", problems=[problem.name for problem in found])
        return found


def _followed(db: Any, proofs: "RecordProofs") -> "RecordProofs":
    """Have the proofs follow the entries that are new."""
    last, same = proofs.last, "select 1 from audit where seq = ? and mac is ?"
    if last.seq and db.execute(same, [last.seq, last.mac]).fetchone() is None:
        proofs.note_cut()
    for row in stream_entries(db, last.seq or -(2**63)):
        proofs.follow(row)
    given = db.execute("select seq from sqlite_sequence where name = 'audit'").fetchone()
    if given is not None and given[0] > proofs.last.seq:
        proofs.note_cut()
    return proofs


def _problems(db: Any, proofs: "RecordProofs", about: RestsOn) -> "Iterator[ChainProblem]":
    from workflows.core.audit.verifying import ChainProblem, ChainProblemCode

    if about.needs_whole_log and (broken := proofs.first_broken) is not None:
        yield ChainProblem(ChainProblemCode.EDITED, broken)
    records = [Record("freezes", FREEZE_ID)]
    records += [Record("requests", about.request_id)] if about.request_id else []
    records += [Record("partnerships", about.tenant_id)] if about.tenant_id else []
    records += [Record("batches", about.batch_id)] if about.batch_id else []
    ids = db.execute(f"select {SEALED_TABLES['absences']} from absences")  # noqa: S608
    records += [Record("absences", row[0]) for row in ids]
    for record in records:
        text = _text_of(db, record)
        if (problem := proofs.problem_of(record, text)) is not None:
            yield problem
        elif about.request is not None and record.table == "requests" and not _is_same_plan(about.request, text):
            yield ChainProblem(ChainProblemCode.RECORD_CHANGED, proofs.last.seq, record=" ".join(record))
    if about.click is not None and not _is_received(db, proofs, about.click):
        yield ChainProblem(ChainProblemCode.RECORD_ADDED, 0, record=f"{CLICKS} {about.click.key}")


def _text_of(db: Any, record: Record) -> str | None:
    sql = f"select cast(doc as blob) from {record.table} where {SEALED_TABLES[record.table]} = ?"  # noqa: S608
    row = db.execute(sql, [record.id]).fetchone()
    return None if row is None else row[0].decode("utf-8", "surrogateescape")


def _is_same_plan(request: AccessRequest, text: str | None) -> bool:
    """Return whether a request that was read before has the plan of the stored one: both are read from the file."""
    stored = None if text is None else load_shared(REQUEST, text)
    return (
        stored is not None
        and stored.prepared is not None
        and request.prepared is not None
        and stored.plan == request.plan
    )


def _is_received(db: Any, proofs: "RecordProofs", click: CheckPermission) -> bool:
    """Return whether a click was received and has no result yet. One that has a result never gets another one."""
    if db.execute("select 1 from audit where key = ?", [f"{RESULT_OF}{click.key}"]).fetchone() is not None:
        return True
    rows = db.execute("select doc from effects where lane = ?", [f"judge:{click.key}"]).fetchall()
    try:
        return any(load(EFFECT, doc) == click and proofs.is_pending_click(click.key, doc) for (doc,) in rows)
    except ValidationError:
        return False


def _is_open(record: Record, text: str | None) -> bool:
    """Return whether a record is a request or a batch that is not over, or cannot be read."""
    if text is None or record.table not in ("requests", "batches"):
        return False
    try:
        return not load(REQUEST, text).is_terminal if record.table == "requests" else not load(BATCH, text).has_ended
    except ValidationError:
        return True
