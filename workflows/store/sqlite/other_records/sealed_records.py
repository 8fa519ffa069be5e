"""Have each entry name the records that are stored with it, and find records that no entry names as they are.

A boundary: nothing else knows how entries name records. It is long because naming, comparing and accepting records must
agree.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
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
from workflows.core.policy.stops.freeze import Freeze
from workflows.core.requests.effects import CheckPermission, Effect
from workflows.core.requests.request import BatchId, RequestId
from workflows.ports.audit_log import RESULT_OF, AuditKeys, RestsOn
from workflows.ports.clock import Clock
from workflows.ports.records import StaleVersion
from workflows.store.common.reading import (
    FREEZE_RECORD,
    is_open_record,
    is_pending_click,
    problems_of,
    record_of_click,
)
from workflows.store.redaction import RecordRedactor
from workflows.store.sqlite.database import NO_REDACTION
from workflows.store.sqlite.other_records.audit_chain import (
    NAMED_BY,
    SqliteAuditChain,
    stored_records,
    stream_entries,
)

if TYPE_CHECKING:
    from workflows.core.audit.sealing import RecordProofs
    from workflows.core.audit.verifying import ChainProblem

Found = TypeVar("Found")
_NAMED_BY_ONE: Final = 500
"""How many records one entry names when all of them are named for the first time."""
_MAX_LOGGED: Final = 1000
"""How many problems are remembered as logged. Then they may be logged again."""
_log = structlog.get_logger()

_NOTHING: Final = RestsOn(freeze=False, absences=False, whole_log=False)
"""With it, the entries are only followed."""


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
        self._logged: set[str] = set()

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

    def _accept_as_they_are(self, ended: Freeze) -> None:
        """Name the records as they are, at the end of a freeze that began because of them: two admins know of it.

        Both of them clicked: the record of the one who asked is the result of a click that was received.

        NB. never what is open: whoever forged an approval would only have to wait. It must be requested again.
        """
        asked, db = ended.end_request, self._db.conn
        if asked is None or ended.ended_by is None or asked.person.id == ended.ended_by.id:
            return
        proofs = _followed(db, self._new_proofs())
        before = {seal.before for seal in self._seals if (seal.table, seal.id) == FREEZE_RECORD}
        if not proofs.frozen_by.startswith(FREEZE_KEY) or not any(
            proofs.is_by_click(FREEZE_RECORD, one) for one in before
        ):
            return
        named = {(seal.table, seal.id) for seal in self._seals}
        # NB. the last entry is the one of this transaction, which is not signed yet.
        self._seals.append(Seal(LOG, "", str(proofs.broken_count - 1), WHATEVER))
        # NB. also what was known before the newest entries were cut off, which the log does not say any more.
        with self._following:
            known = list(self._proofs.problems(stored_records(db))) if self._proofs else []
        for problem in (*proofs.problems(stored_records(db)), *known):
            record = Record(*problem.record.split(" ", 1))
            text = _text_of(db, record)
            if record not in named and not is_open_record(record, text):
                named.add(record)
                self._seals.append(Seal(*record, digest_of(record, text), WHATEVER))

    def _take_proofs(self, proofs: "RecordProofs") -> None:
        """Go on with these proofs, when an entry was put back, or a key. Never when entries were cut off."""
        with self._following:
            before = self._proofs
            if before is not None and not before.is_cut and proofs.has_read(before.last):
                self._proofs = proofs

    def _new_proofs(self) -> "RecordProofs":
        from workflows.core.audit.sealing import RecordProofs  # a start does not wait for it

        return RecordProofs(keys=self._keys.ring(may_create=self._may_create_key))

    async def unproven(self, about: RestsOn) -> "Sequence[ChainProblem]":
        """List why what something rests on is not believed; see `ports.audit_log`."""
        if self._proofs is None:  # all entries are read, and the store's own connection stays free for clicks
            await self._run_on_second_connection(partial(self._unproven, _NOTHING))
        # NB. on the store's own thread, which keeps the order of who asked: members of a wave are written in theirs.
        return await self._run(lambda: self._unproven(about, self._db.conn))

    async def unproven_requests(self, request_ids: Collection[RequestId]) -> frozenset[RequestId]:
        """Return which requests are not as signed entries say; see `ports.audit_log`."""
        return frozenset(map(RequestId, await self._unproven_of("requests", request_ids)))

    async def unproven_batches(self, batch_ids: Collection[BatchId]) -> frozenset[BatchId]:
        """Return which batches are not as signed entries say; see `ports.audit_log`."""
        return frozenset(map(BatchId, await self._unproven_of("batches", batch_ids)))

    async def _unproven_of(self, table: str, ids: Collection[str]) -> frozenset[str]:
        """Return which records of a table are not as signed entries say. Nothing is noted for the next tick."""
        if self._proofs is None:
            await self._run_on_second_connection(partial(self._unproven, _NOTHING))
        return await self._run(lambda: self._compared(table, ids, self._db.conn))

    def take_unproven(self) -> "Sequence[ChainProblem]":
        """Return what was not believed since the last call; see `ports.audit_log`."""
        found, self._found = self._found, []
        return found

    def _compared(self, table: str, ids: Collection[str], db: Any) -> frozenset[str]:
        def find(proofs: "RecordProofs") -> frozenset[str]:
            records = {one: Record(table, one) for one in ids}
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
        def find(proofs: "RecordProofs") -> "Sequence[ChainProblem]":
            found = list(_problems(db, proofs, about))
            if about.click is not None and _has_result(db, about.click):
                # It was checked twice at once. Its result is stored once, so this refusal stores nothing.
                self._note([problem for problem in found if problem.record != record_of_click(about.click)])
            else:
                self._note(found)
            return found

        return self._compare(db, find)

    def _note(self, found: "Sequence[ChainProblem]") -> None:
        """Keep what is to be reported at the next tick. Each problem is logged once."""
        self._found = list({problem.name: problem for problem in (*self._found, *found)}.values())
        names = {problem.name for problem in found} - self._logged
        if names:
            _log.error("not_as_signed", problems=sorted(names))
            self._logged = names if len(self._logged) > _MAX_LOGGED else self._logged | names


def _followed(db: Any, proofs: "RecordProofs") -> "RecordProofs":
    """Have the proofs follow the entries that are new."""
    from workflows.core.audit.verifying import ChainProblem, ChainProblemCode

    def is_stored(seq: int, mac: bytes | None) -> bool:
        return db.execute("select 1 from audit where seq = ? and mac is ?", [seq, mac]).fetchone() is not None

    cut = proofs.go_back(is_stored)
    for row in stream_entries(db, proofs.last.seq or -(2**63)):
        proofs.follow(row)
    given = db.execute("select seq from sqlite_sequence where name = 'audit'").fetchone()
    if cut is None and given is not None and given[0] > proofs.last.seq:
        cut = ChainProblem(ChainProblemCode.TAIL_CUT, proofs.last.seq + 1)
    if cut is not None:  # NB. now: the end of a freeze that was read just now is no answer to it
        proofs.note_cut(cut)
    return proofs


def _problems(db: Any, proofs: "RecordProofs", about: RestsOn) -> "Iterator[ChainProblem]":
    def absences() -> list[str]:
        found = db.execute(f"select {NAMED_BY['absences']} from absences").fetchall()  # noqa: S608
        return [row[0] for row in found]

    return problems_of(proofs, about, partial(_text_of, db), absences, partial(_is_received, db, proofs))


def _text_of(db: Any, record: Record) -> str | None:
    sql = f"select cast(doc as blob) from {record.table} where {NAMED_BY[record.table]} = ?"  # noqa: S608
    row = db.execute(sql, [record.id]).fetchone()
    return None if row is None else row[0].decode("utf-8", "surrogateescape")


def _is_received(db: Any, proofs: "RecordProofs", click: CheckPermission) -> bool:
    """Return whether a click was received and has no result yet."""
    rows = db.execute("select doc from effects where lane = ?", [f"judge:{click.key}"]).fetchall()
    return is_pending_click(proofs, click, [doc for (doc,) in rows])


def _has_result(db: Any, click: CheckPermission) -> bool:
    return db.execute("select 1 from audit where key = ?", [f"{RESULT_OF}{click.key}"]).fetchone() is not None
