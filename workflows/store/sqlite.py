"""The embedded store: one SQLite file, one thread that owns its connection.

Durability: WAL with `synchronous=FULL`, so that what `commit` returned from survives a power cut (SQLite: "PRAGMA
synchronous"). Every transaction is short and local.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError
from sqlite_utils import Database

from workflows.core.alarms import Alarm, AlarmId
from workflows.core.effects import lane
from workflows.core.partner import TenantId
from workflows.core.partnership import Partnership
from workflows.core.people import ChatId, PersonId
from workflows.core.records import Records
from workflows.core.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.ports import (
    AuditEntry,
    Clock,
    Commit,
    Copy,
    OtherOpenRequest,
    PendingEffect,
    StaleVersion,
    StoreUnusable,
)
from workflows.store.codec import ALARM, DETAILS, EFFECT, PARTNERSHIP, REQUEST, dump, load
from workflows.store.migrations import migrations
from workflows.store.records import fetch_rows, parse_rows

_UNDECIDED: Final = frozenset({RequestState.PREPARING, RequestState.AWAITING_APPROVAL})
_BUSY_MILLISECONDS: Final = 2000
_LOCK_SECONDS: Final = 3.0
"""How long a starting process waits for an ending one."""

Result = TypeVar("Result")
_log = structlog.get_logger()


class SqliteStore:
    """Implements `ports.Store`. Make it with `open_store`, end it with `close`."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = FileLock(f"{path}.lock", mode=0o600, thread_local=False)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._db: Database

    async def open(self) -> None:
        """Open the file, private to its owner, and bring its schema up to date.

        :raises StoreUnusable: when it is no database, or another process does not let go of it within a few seconds:
            two outboxes on one file would perform effects twice.
        """
        await self._run(self._open)

    async def close(self) -> None:
        """Finish what runs, close the file, end the thread."""
        await self._run(self._close)
        self._thread.shutdown()

    async def commit(self, commit: Commit) -> bool:
        """Store everything in one transaction; see `ports.Store.commit`."""
        return await self._run(lambda: self._commit(commit))

    async def request(self, request_id: RequestId) -> AccessRequest | None:
        """Load one request."""
        found = await self._requests("where id = ?", request_id)
        return found[0] if found else None

    async def partnership(self, tenant_id: TenantId) -> Partnership | None:
        """Load one partnership."""
        rows = await self._query("select doc from partnerships where tenant_id = ?", tenant_id)
        return load(PARTNERSHIP, rows[0]["doc"]) if rows else None

    async def open_requests(self) -> Sequence[AccessRequest]:
        """List the requests that are not terminal, oldest first."""
        return await self._requests("where is_open = 1 order by created_at")

    async def requests_of(self, requester: ChatId, limit: int) -> Sequence[AccessRequest]:
        """List a person's own requests, newest first."""
        return await self._requests("where requester = ? order by created_at desc limit ?", requester, limit)

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """List the requests about one tenant, newest first."""
        return await self._requests("where tenant_id = ? order by created_at desc limit ?", tenant_id, limit)

    async def partnerships(self) -> Sequence[Partnership]:
        """List every partnership, by default domain."""
        rows = await self._query("select tenant_id as id, doc from partnerships order by domain")
        return _readable(PARTNERSHIP, rows)

    async def records(self) -> Records:
        """Read every partnership and the requests that bear on what stands in the tenant, all of one moment."""
        rows = await self._run(lambda: fetch_rows(self._db.conn))
        # Parsing a thousand records takes a while, and is not the store's thread's or the event loop's to wait for.
        return await asyncio.to_thread(parse_rows, rows)

    async def due(self, now: datetime) -> tuple[Sequence[RequestId], Sequence[TenantId]]:
        """List undecided requests past their expiry, and partnerships with a review or a reminder due."""
        moment = _text(now)
        requests = await self._query("select id from requests where due_at <= ? order by due_at", moment)
        partners = await self._query("select tenant_id from partnerships where due_at <= ? order by due_at", moment)
        return [RequestId(row["id"]) for row in requests], [TenantId(row["tenant_id"]) for row in partners]

    async def history(self, *, request_id: RequestId | None = None, limit: int = 200) -> Sequence[AuditEntry]:
        """List audit entries, newest first."""
        where, values = ("where request_id = ?", [request_id]) if request_id else ("", [])
        rows = await self._query(f"select * from audit {where} order by seq desc limit ?", *values, limit)  # noqa: S608
        return [_entry(row) for row in rows]

    async def is_known(self, key: str) -> bool:
        """Tell whether an audit entry with this key exists."""
        return bool(await self._query("select 1 from audit where key = ?", key))

    async def times_of(
        self, actor: ChatId, account: PersonId | None, commands: Sequence[str], since: datetime
    ) -> Sequence[datetime]:
        """List when a person had one of these commands accepted since then; see `ports.Store.times_of`."""
        marks = ", ".join("?" * len(commands))
        rows = await self._query(
            f"""select at from audit where seq in (
                select seq from audit where actor = ? and command in ({marks}) and at > ?
                union select seq from audit where account = ? and command in ({marks}) and at > ?
            ) and outcome = 'accepted' and json_extract(details, '$.kind') is not 'revocation' order by at""",  # noqa: S608
            *(actor, *commands, _text(since)),
            *(account, *commands, _text(since)),
        )
        return [datetime.fromisoformat(row["at"]) for row in rows]

    async def pending(self, now: datetime, limit: int) -> Sequence[PendingEffect]:
        """List the oldest due effect of each lane; one that cannot be read is parked and holds nobody up."""
        rows = await self._query(
            """select id, lane, attempts, doc from effects
            where id in (select min(id) from effects where is_parked = 0 and due_at <= ? group by lane)
            order by id limit ?""",
            _text(now),
            limit,
        )
        found = []
        for row in rows:
            try:
                effect = load(EFFECT, row["doc"])
            except ValidationError as error:
                _log.error("effect_unreadable", effect_id=row["id"])
                await self.park(row["id"], f"unreadable: {error.error_count()} problems")
                continue
            found.append(PendingEffect(id=row["id"], lane=row["lane"], attempts=row["attempts"], effect=effect))
        return found

    async def count_pending(self, now: datetime) -> tuple[int, int, int]:
        """Count the effects that are due, that wait for later, and that are parked."""
        rows = await self._query(
            """select coalesce(sum(is_parked = 0 and due_at <= ?1), 0) as due,
            coalesce(sum(is_parked = 0 and due_at > ?1), 0) as later, coalesce(sum(is_parked), 0) as parked
            from effects""",
            _text(now),
        )
        return rows[0]["due"], rows[0]["later"], rows[0]["parked"]

    async def done(self, effect_id: int) -> None:
        """Mark an effect as performed. What it did stands in the audit log; the effect itself is forgotten."""
        await self._write("delete from effects where id = ?", effect_id)

    async def retry(self, effect_id: int, at: datetime, error: str) -> None:
        """Put an effect off until `at`, counting one more attempt."""
        await self._write(
            "update effects set due_at = ?, attempts = attempts + 1, error = ? where id = ?",
            _text(at),
            error,
            effect_id,
        )

    async def park(self, effect_id: int, error: str) -> None:
        """Give an effect up; it stays visible and holds no lane."""
        await self._write("update effects set is_parked = 1, error = ? where id = ?", error, effect_id)

    async def alarm(self, alarm_id: AlarmId) -> Alarm | None:
        """Load one alarm, open or cleared."""
        rows = await self._query("select doc from alarms where id = ?", alarm_id)
        return load(ALARM, rows[0]["doc"]) if rows else None

    async def open_alarms(self) -> Sequence[Alarm]:
        """List the alarms that are not cleared, oldest first."""
        return _readable(
            ALARM, await self._query("select id, doc from alarms where is_open = 1 order by raised_at, id")
        )

    async def mark(self, name: str) -> str | None:
        """Read one of the process's own marks; None when it was never set."""
        rows = await self._query("select value from marks where name = ?", name)
        return str(rows[0]["value"]) if rows else None

    async def save_mark(self, name: str, value: str) -> None:
        """Remember a mark."""
        await self._write("insert or replace into marks (name, value) values (?, ?)", name, value)

    async def copies(self, subject: str) -> Sequence[Copy]:
        """List the posted copies of a card."""
        rows = await self._query("select * from copies where subject = ? order by rowid", subject)
        return [Copy(**row) for row in rows]

    async def save_copy(self, copy: Copy) -> None:
        """Remember a posted copy, or what it shows now."""
        await self._write(
            """insert or replace into copies (channel, ts, subject, audience, content, occasion)
            values (?, ?, ?, ?, ?, ?)""",
            *(copy.channel, copy.ts, copy.subject, copy.audience, copy.content, copy.occasion),
        )

    async def has_opened_home(self, person: ChatId) -> bool:
        """Tell whether a person has ever opened the App Home."""
        return bool(await self._query("select 1 from homes where person = ?", person))

    async def save_home(self, person: ChatId) -> None:
        """Remember that a person opened the App Home."""
        await self._write("insert or ignore into homes (person) values (?)", person)

    # --- in the store's thread ---

    def _open(self) -> None:
        if self._path.is_dir():
            raise StoreUnusable(f"{self._path} is a folder; name a file in it")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=_LOCK_SECONDS)
        except Timeout as error:
            raise StoreUnusable(f"another process uses {self._path.name}; stop it first") from error
        try:
            self._path.touch(mode=0o600)
            self._path.chmod(0o600)
            self._db = Database(self._path)
            self._db.execute(f"pragma busy_timeout = {_BUSY_MILLISECONDS}")
            self._db.enable_wal()
            self._db.execute("pragma synchronous = full")
            migrations.apply(self._db)
        except sqlite3.Error as error:
            self._lock.release()
            raise StoreUnusable(f"{self._path.name} cannot be used as a database ({error})") from error

    def _close(self) -> None:
        self._db.close()
        self._lock.release()

    def _commit(self, commit: Commit) -> bool:
        with self._db.atomic():
            entry = commit.entry
            added = self._db.execute(
                """insert into audit (key, at, actor, command, outcome, request_id, tenant_id, account, details)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (key) do nothing""",
                (
                    *(entry.key, _text(entry.at), entry.actor, entry.command, entry.outcome),
                    *(entry.request_id, entry.tenant_id, entry.account, dump(DETAILS, dict(entry.details))),
                ),
            )
            if added.rowcount == 0:
                return False
            if commit.request is not None:
                if commit.is_only_one:
                    self._require_only_one(commit.request)
                self._put_request(commit.request)
            if commit.partnership is not None:
                self._put_partnership(commit.partnership)
            if commit.alarm is not None:
                self._put_alarm(commit.alarm)
            due_at = _text(self._clock.now())
            for effect in commit.effects:
                self._db.execute(
                    "insert into effects (lane, due_at, attempts, doc) values (?, ?, 0, ?)",
                    (lane(effect), due_at, dump(EFFECT, effect)),
                )
        return True

    def _put_request(self, request: AccessRequest) -> None:
        self._put(
            "requests",
            "id",
            {
                "id": request.id,
                "version": request.version,
                "state": request.state.value,
                "is_open": int(not request.is_terminal),
                "requester": request.particulars.requester,
                "tenant_id": None if request.prepared is None else request.prepared.plan.tenant_id,
                "due_at": _text(request.expires_at) if _can_expire(request) else None,
                "created_at": _text(request.created_at),
                "doc": dump(REQUEST, request),
            },
        )

    def _require_only_one(self, request: AccessRequest) -> None:
        """Find another open request about the same tenant. NB. in the transaction: two may be prepared at once."""
        others = self._db.query(
            "select id from requests where tenant_id = ? and is_open = 1 and id <> ? order by created_at limit 1",
            [request.known.plan.tenant_id, request.id],
        )
        for other in others:
            raise OtherOpenRequest(RequestId(other["id"]))

    def _put_partnership(self, partnership: Partnership) -> None:
        self._put(
            "partnerships",
            "tenant_id",
            {
                "tenant_id": partnership.identity.tenant_id,
                "version": partnership.version,
                "state": partnership.state.value,
                "domain": partnership.identity.default_domain,
                "due_at": None if partnership.due_at is None else _text(partnership.due_at),
                "doc": dump(PARTNERSHIP, partnership),
            },
        )

    def _put_alarm(self, alarm: Alarm) -> None:
        """Store an alarm; a second open one of the same code and subject is left out."""
        self._db.execute(
            """insert into alarms (id, code, subject, is_open, raised_at, doc) values (?, ?, ?, ?, ?, ?)
            on conflict (id) do update set is_open = excluded.is_open, doc = excluded.doc
            on conflict do nothing""",
            (
                *(alarm.id, alarm.code.value, alarm.subject, int(alarm.is_open)),
                *(_text(alarm.raised_at), dump(ALARM, alarm)),
            ),
        )

    def _put(self, table: str, key: str, row: dict[str, Any]) -> None:
        """Insert version 1, or replace exactly the version before; table and column names are ours, never input."""
        names = list(row)
        if row["version"] == 1:
            marks = ", ".join("?" * len(names))
            sql = f"insert into {table} ({', '.join(names)}) values ({marks}) on conflict do nothing"  # noqa: S608
            changed = self._db.execute(sql, list(row.values())).rowcount
        else:
            sets = ", ".join(f"{name} = ?" for name in names)
            sql = f"update {table} set {sets} where {key} = ? and version = ?"  # noqa: S608
            changed = self._db.execute(sql, [*row.values(), row[key], row["version"] - 1]).rowcount
        if changed != 1:
            raise StaleVersion(f"{table} {row[key]}: version {row['version']} does not follow the stored one")

    async def _requests(self, tail: str, *values: object) -> list[AccessRequest]:
        rows = await self._query(f"select id, doc from requests {tail}", *values)  # noqa: S608
        return _readable(REQUEST, rows)

    async def _query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return await self._run(lambda: list(self._db.query(sql, list(values))))

    async def _write(self, sql: str, *values: object) -> None:
        def work() -> None:
            with self._db.atomic():
                self._db.execute(sql, list(values))

        await self._run(work)

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


async def open_store(path: Path, clock: Clock) -> SqliteStore:
    """Open the embedded store in the file at `path`, creating it when it is missing."""
    store = SqliteStore(path, clock)
    await store.open()
    return store


def _readable(adapter: TypeAdapter[Result], rows: list[dict[str, Any]]) -> list[Result]:
    """Read records for a list. One that cannot be read is logged and left out, so that it does not hide the others."""
    found = []
    for row in rows:
        try:
            found.append(load(adapter, row["doc"]))
        except ValidationError:
            _log.error("record_unreadable", id=row["id"])
    return found


def _can_expire(request: AccessRequest) -> bool:
    return request.state in _UNDECIDED and request.particulars.kind is not RequestKind.REVOCATION


def _text(moment: datetime) -> str:
    """Write an instant so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _entry(row: dict[str, Any]) -> AuditEntry:
    values = {name: value for name, value in row.items() if name != "seq"}
    values["at"] = datetime.fromisoformat(row["at"])
    values["details"] = load(DETAILS, row["details"])
    return AuditEntry(**values)
