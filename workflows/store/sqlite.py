"""The embedded store: one SQLite file, and one thread that owns its connection.

Durability: WAL with `synchronous=FULL`, so that data for which `commit` returned survives a power cut (SQLite: "PRAGMA
synchronous"). Every transaction is short and local.
"""

import asyncio
import json
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlite_utils import Database

from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import Records
from workflows.core.people import ChatId, PersonId, Role
from workflows.core.requests.alarms import Alarm, AlarmCode, AlarmId
from workflows.core.requests.effects import CheckPermission, Effect, Rank, ShowHome, lane, rank
from workflows.core.requests.eligibility import still_asked
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.effects_queue import GivenUp, PendingEffect
from workflows.ports.message_copies import Copy
from workflows.ports.records import AuditEntry, Commit, Listed, OtherOpenRequest, StaleVersion
from workflows.store.clean import Clean
from workflows.store.codec import ALARM, DETAILS, EFFECT, PARTNERSHIP, REQUEST, load
from workflows.store.file import StoreFile
from workflows.store.records import fetch_rows, parse_rows
from workflows.store.writes import Writes

_UNDECIDED: Final = frozenset({RequestState.PREPARING, RequestState.AWAITING_APPROVAL})
_HOME_EVERY: Final = timedelta(seconds=2)
"""The shortest time between two publications of a person's App Home."""

_AS_IT_IS: Final = Clean()

Result = TypeVar("Result")
_log = structlog.get_logger()


class SqliteStore:
    """Implements `ports.store.Store`. Create it with `open_store`, end it with `close`."""

    def __init__(self, path: Path, clock: Clock, clean: Clean = _AS_IT_IS) -> None:
        self._path = path
        self._clock = clock
        self._clean = clean
        self._file = StoreFile(path)
        self._writes = Writes(self._file)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._db: Database

    async def open(self) -> None:
        """Open the file, private to its owner, and update its schema.

        :raises StoreUnusable: when it is no database, or another process does not release it within a few seconds: two
            outboxes on one file would perform effects twice.
        """
        await self._run(self._open)

    @property
    def trouble(self) -> str:
        """Return why records cannot be written, as of the last write; empty when they can."""
        return self._writes.trouble

    async def probe(self) -> str:
        """Check whether records can be written now; see `ports.records`."""
        return await self._run(lambda: self._writes.probe(self._db, _text(self._clock.now())))

    async def close(self) -> None:
        """Finish running work, close the file, end the thread."""
        await self._run(self._close)
        self._thread.shutdown()

    async def commit(self, commit: Commit) -> bool:
        """Store everything in one transaction; see `ports.records`."""
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

    async def roles_waited_for(self) -> Sequence[Role]:
        """List the roles of open stages that requests wait for."""
        rows = await self._query("select distinct waits_for from requests where waits_for is not null order by 1")
        return [Role(row["waits_for"]) for row in rows]

    async def requests_waiting(
        self, roles: Sequence[Role], ids: Collection[ChatId | PersonId], limit: int
    ) -> Listed[AccessRequest]:
        """List the requests that wait for one of these roles and that this person may decide on, oldest first."""
        where = """where waits_for in (select value from json_each(?))
            and not exists (select 1 from json_each(excluded) where value in (select value from json_each(?)))"""
        values = (json.dumps(list(roles)), json.dumps(sorted(ids)))
        shown = await self._requests(f"{where} order by created_at limit ?", *values, limit)
        rows = await self._query(f"select count(*) as count from requests {where}", *values)  # noqa: S608
        return Listed(shown=shown, count=rows[0]["count"])

    async def live_partnerships(self, limit: int) -> Listed[Partnership]:
        """List the partnerships that are not revoked, by default domain."""
        where = "where state <> 'revoked'"
        rows = await self._query(
            f"select tenant_id as id, doc from partnerships {where} order by domain limit ?",  # noqa: S608
            limit,
        )
        counted = await self._query(f"select count(*) as count from partnerships {where}")  # noqa: S608
        return Listed(shown=await asyncio.to_thread(_readable, PARTNERSHIP, rows), count=counted[0]["count"])

    async def requests_of(
        self, requester: ChatId, limit: int, account: PersonId | None = None
    ) -> Sequence[AccessRequest]:
        """List a person's own requests, newest first: those filed under this chat id, or by this account."""
        where = "where requester = ? or account = ? order by created_at desc, rowid desc limit ?"
        return await self._requests(where, requester, account, limit)

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """List the requests about one tenant, newest first."""
        return await self._requests(
            "where tenant_id = ? order by created_at desc, rowid desc limit ?", tenant_id, limit
        )

    async def partnerships(self) -> Sequence[Partnership]:
        """List every partnership, by default domain."""
        rows = await self._query("select tenant_id as id, doc from partnerships order by domain")
        return await asyncio.to_thread(_readable, PARTNERSHIP, rows)

    async def records(self) -> Records:
        """Read every partnership and the requests that matter for the current settings, all at one moment."""
        rows = await self._run(lambda: fetch_rows(self._db.conn))
        # Parsing a thousand records takes some time, so it runs neither in the store's thread nor in the event loop.
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
        """Return whether an audit entry with this key exists."""
        return bool(await self._query("select 1 from audit where key = ?", key))

    async def times_of(
        self, actor: ChatId, account: PersonId | None, commands: Sequence[str], since: datetime
    ) -> Sequence[datetime]:
        """List the times when a person's commands were accepted since then; see `ports.records`."""
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
        """List the oldest due effect of each lane. An effect that cannot be read is parked and delays nobody."""
        if self.trouble:
            return []
        rows = await self._query(
            """select id, lane, attempts, doc from (
                select id, lane, attempts, doc, rank, row_number() over (partition by rank order by id) as place
                from effects
                where id in (select min(id) from effects where is_parked = 0 and due_at <= ? group by lane)
            ) where place <= ? order by rank, id""",
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
        """Count the effects that are due, that wait for a later time, and that are parked.

        An App Home that was just published and is wanted again counts as due: it follows within seconds.
        """
        rows = await self._query(
            """select coalesce(sum(is_parked = 0 and is_due), 0) as due,
            coalesce(sum(is_parked = 0 and not is_due), 0) as later, coalesce(sum(is_parked), 0) as parked
            from (select is_parked, due_at <= ? or (rank = ? and attempts = 0) as is_due from effects)""",
            _text(now),
            Rank.HOME.value,
        )
        return rows[0]["due"], rows[0]["later"], rows[0]["parked"]

    async def done(self, effect_id: int) -> None:
        """Mark an effect as performed. The audit log contains what it did; the effect itself is deleted."""
        await self._write("delete from effects where id = ?", effect_id)

    async def retry(self, effect_id: int, at: datetime, error: str) -> None:
        """Postpone an effect until `at`, and count one more attempt."""
        await self._write(
            "update effects set due_at = ?, attempts = attempts + 1, error = ? where id = ?",
            _text(at),
            self._clean.error(error),
            effect_id,
        )

    async def park(self, effect_id: int, error: str) -> None:
        """Give up an effect; it stays visible and does not delay its lane."""
        await self._write(
            "update effects set is_parked = 1, error = ? where id = ?", self._clean.error(error), effect_id
        )

    async def unchecked_clicks(self) -> Sequence[CheckPermission]:
        """List the stored, unchecked clicks, oldest first, without those that were given up."""
        sql = "select id, doc from effects where is_parked = 0 and lane >= 'judge:' and lane < 'judge;' order by id"
        found = _readable(EFFECT, await self._query(sql))
        return [effect for effect in found if isinstance(effect, CheckPermission)]

    async def given_up(self) -> Sequence[GivenUp]:
        """List the effects that were given up, oldest first."""
        rows = await self._query("select id, lane, error, doc from effects where is_parked = 1 order by id")
        return [_given_up(row) for row in rows]

    async def retry_given_up(self, effect_id: int) -> None:
        """Retry a given-up effect, as if for the first time."""
        await self._write(
            "update effects set is_parked = 0, attempts = 0, due_at = ?, error = '' where id = ? and is_parked = 1",
            _text(self._clock.now()),
            effect_id,
        )

    async def drop_given_up(self, effect_id: int) -> None:
        """Drop a given-up effect."""
        await self._write("delete from effects where id = ? and is_parked = 1", effect_id)

    async def alarm(self, alarm_id: AlarmId) -> Alarm | None:
        """Load one alarm, open or cleared."""
        rows = await self._query("select doc from alarms where id = ?", alarm_id)
        return load(ALARM, rows[0]["doc"]) if rows else None

    async def open_alarm(self, code: AlarmCode, subject: str) -> Alarm | None:
        """Load the open alarm of this code and subject."""
        rows = await self._query(
            "select id, doc from alarms where code = ? and subject = ? and is_open = 1", code.value, subject
        )
        found = _readable(ALARM, rows)
        return found[0] if found else None

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
        """Store a mark."""
        await self._write("insert or replace into marks (name, value) values (?, ?)", name, value)

    async def copies(self, subject: str) -> Sequence[Copy]:
        """List the posted copies of a card."""
        return await self._copies("subject = ? order by rowid", subject)

    async def channel_copies(self, fit: str, limit: int) -> Sequence[Copy]:
        """List the live copies that were posted for no single person, except those in the channel `fit`."""
        return await self._copies("audience = '' and is_live = 1 and channel <> ? order by rowid limit ?", fit, limit)

    async def _copies(self, where: str, *values: object) -> Sequence[Copy]:
        rows = await self._query(f"select * from copies where {where}", *values)  # noqa: S608
        return [Copy(**{**row, "is_live": bool(row["is_live"])}) for row in rows]

    async def save_copy(self, copy: Copy) -> None:
        """Store a posted copy, or what it shows now."""
        await self._write(
            """insert or replace into copies (channel, ts, subject, audience, content, occasion, is_live)
            values (?, ?, ?, ?, ?, ?, ?)""",
            *(copy.channel, copy.ts, copy.subject, copy.audience, copy.content, copy.occasion, int(copy.is_live)),
        )

    async def has_opened_home(self, person: ChatId) -> bool:
        """Return whether a person has ever opened the App Home."""
        return bool(await self._query("select 1 from homes where person = ?", person))

    async def save_home(self, person: ChatId) -> None:
        """Record that a person opened the App Home."""
        await self._write("insert or ignore into homes (person) values (?)", person)

    async def want_homes(self, people: Sequence[ChatId]) -> None:
        """Publish again the App Homes of those people who ever opened theirs."""
        await self._run(lambda: self._want_homes(people))

    async def home_wanted(self, person: ChatId) -> int:
        """Return how often a person's App Home was requested; 0 for a person who never opened it."""
        rows = await self._query("select wanted from homes where person = ?", person)
        return int(rows[0]["wanted"]) if rows else 0

    async def home_shown(self, person: ChatId, wanted: int) -> None:
        """Record that the App Home shows the state of this request number.

        If a newer request exists, it is published again.
        """
        await self._run(lambda: self._home_shown(person, wanted))

    # --- in the store's thread ---

    def _open(self) -> None:
        self._db = self._file.open()

    def _close(self) -> None:
        self._db.close()
        self._file.release()

    def _commit(self, commit: Commit) -> bool:
        with self._writes.watched(self._db), self._db.atomic():
            entry = commit.entry
            added = self._db.execute(
                """insert into audit (key, at, actor, command, outcome, request_id, tenant_id, account, details)
                values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (key) do nothing""",
                (
                    *(entry.key, _text(entry.at), entry.actor, entry.command, entry.outcome),
                    *(entry.request_id, entry.tenant_id, entry.account),
                    self._clean.details(entry.details),
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
                self._put_effect(effect, due_at)
        return True

    def _put_effect(self, effect: Effect, due_at: str) -> None:
        self._db.execute(
            "insert into effects (lane, rank, due_at, attempts, doc) values (?, ?, ?, 0, ?)",
            (lane(effect), rank(effect).value, due_at, self._clean.effect(effect)),
        )

    def _want_homes(self, people: Sequence[ChatId]) -> None:
        with self._writes.watched(self._db), self._db.atomic():
            for person in people:
                # NB. also while one is being published: what it read may be older than what is wanted now.
                known = self._db.execute("update homes set wanted = wanted + 1 where person = ?", (person,))
                if known.rowcount and not self._has_home_effect(person):
                    self._put_home(person)

    def _home_shown(self, person: ChatId, wanted: int) -> None:
        with self._writes.watched(self._db), self._db.atomic():
            shown_at = _text(self._clock.now())
            self._db.execute("update homes set shown_at = ? where person = ?", (shown_at, person))
            sql = "select 1 from homes where person = ? and wanted > ?"
            if self._db.execute(sql, (person, wanted)).fetchone():
                self._put_home(person)

    def _has_home_effect(self, person: ChatId) -> bool:
        sql = "select 1 from effects where lane = ? and is_parked = 0"
        return self._db.execute(sql, (lane(ShowHome(person=person)),)).fetchone() is not None

    def _put_home(self, person: ChatId) -> None:
        """Store one ShowHome, due when the last one is old enough."""
        row = self._db.execute("select shown_at from homes where person = ?", (person,)).fetchone()
        now = self._clock.now()
        due_at = max(now, datetime.fromisoformat(row[0]) + _HOME_EVERY) if row[0] else now
        self._put_effect(ShowHome(person=person), _text(min(due_at, now + _HOME_EVERY)))

    def _put_request(self, request: AccessRequest) -> None:
        who = still_asked(request)
        self._put(
            "requests",
            "id",
            {
                "id": request.id,
                "version": request.version,
                "state": request.state.value,
                "is_open": int(not request.is_terminal),
                "requester": request.particulars.requester,
                "account": request.requester_account,
                "tenant_id": None if request.prepared is None else request.prepared.plan.tenant_id,
                "due_at": _text(request.expires_at) if _can_expire(request) else None,
                "created_at": _text(request.created_at),
                "waits_for": None if who is None else who.open_stages[0].role,
                "excluded": json.dumps([] if who is None else sorted(who.barred)),
                "doc": self._clean.request(request),
            },
        )

    def _require_only_one(self, request: AccessRequest) -> None:
        """Check that no other request about the same tenant is open.

        NB. in the transaction: two may be prepared at once.
        """
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
                "doc": self._clean.partnership(partnership),
            },
        )

    def _put_alarm(self, alarm: Alarm) -> None:
        """Store an alarm. A second open one of the same code and subject is ignored."""
        self._db.execute(
            """insert into alarms (id, code, subject, is_open, raised_at, doc) values (?, ?, ?, ?, ?, ?)
            on conflict (id) do update set is_open = excluded.is_open, doc = excluded.doc
            on conflict do nothing""",
            (
                *(alarm.id, alarm.code.value, alarm.subject, int(alarm.is_open)),
                *(_text(alarm.raised_at), self._clean.alarm(alarm)),
            ),
        )

    def _put(self, table: str, key: str, row: dict[str, Any]) -> None:
        """Insert version 1, or replace exactly the version before.

        Table and column names are constants, never input.
        """
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
        # Parsing hundreds of records takes some time, so it runs neither in the store's thread nor in the event loop.
        return await asyncio.to_thread(_readable, REQUEST, rows)

    async def _query(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return await self._run(lambda: list(self._db.query(sql, list(values))))

    async def _write(self, sql: str, *values: object) -> None:
        def work() -> None:
            with self._writes.watched(self._db), self._db.atomic():
                self._db.execute(sql, list(values))

        await self._run(work)

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


async def open_store(
    path: Path,
    clock: Clock,
    redact: Callable[[str], str] = str,
    redact_known: Callable[[str], str] | None = None,
) -> SqliteStore:
    """Open the embedded store in the file at `path`, creating it when it is missing.

    :param redact: removes from an error's text everything that is secret or looks like it.
    :param redact_known: removes known secrets only, from all texts; None: same as `redact`.
    """
    store = SqliteStore(path, clock, Clean(error=redact, known=redact_known or redact))
    await store.open()
    return store


def _readable(adapter: TypeAdapter[Result], rows: list[dict[str, Any]]) -> list[Result]:
    """Read records for a list. An unreadable record is logged and left out, so that it does not hide the others."""
    found = []
    for row in rows:
        try:
            found.append(load(adapter, row["doc"]))
        except ValidationError:
            _log.error("record_unreadable", id=row["id"])
    return found


def _given_up(row: dict[str, Any]) -> GivenUp:
    try:
        effect = load(EFFECT, row["doc"])
    except ValidationError:
        effect = None
    return GivenUp(id=row["id"], lane=row["lane"], error=row["error"], effect=effect)


def _can_expire(request: AccessRequest) -> bool:
    return request.state in _UNDECIDED and request.particulars.kind is not RequestKind.REVOCATION


def _text(moment: datetime) -> str:
    """Return a time as text whose alphabetical order is the order in time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _entry(row: dict[str, Any]) -> AuditEntry:
    values = {name: value for name, value in row.items() if name != "seq"}
    values["at"] = datetime.fromisoformat(row["at"])
    values["details"] = load(DETAILS, row["details"])
    return AuditEntry(**values)
