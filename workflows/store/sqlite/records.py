"""Read requests, partners, alarms, marks and the audit log from the embedded store.

It is long because all reads of records are here: they share one connection.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import structlog

from workflows.core.audit.chain import FIELDS
from workflows.core.partners.partnership import Partnership, result_read_at
from workflows.core.partners.records import Records
from workflows.core.people import ChatId, PersonId, Role
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.request import CHANGE_OF_KIND, AccessRequest, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import RECEIVED, RESULT_OF, AuditEntry
from workflows.ports.pages import Page, PagePosition, PartnerFilter, RequestFilter
from workflows.ports.records import LimitedList
from workflows.store.codec import DRIFT, PARTNERSHIP, REQUEST, load_shared
from workflows.store.common.queries import (
    SQLITE,
    ListQuery,
    approved_before,
    counted_for_limit,
    marks_of,
    partner_conditions,
    request_conditions,
)
from workflows.store.common.reading import entry_of_row, readable
from workflows.store.common.records import OPEN_DRIFTS, AlarmRecords, DriftRecords
from workflows.store.common.rows import text_of, typed_search_text
from workflows.store.sqlite.database import SqliteDatabase
from workflows.store.sqlite.snapshot import all_records, picked_partnerships, records_of

Item = TypeVar("Item")
Picked = TypeVar("Picked")

_log = structlog.get_logger()

_ENTRY: Final = FIELDS
"""The columns of an audit entry."""
_ENTRY_COLUMNS: Final = ", ".join(_ENTRY)
_SAYS_MORE_THAN_ITS_RESULT: Final = f"""not (outcome = '{RECEIVED}' and exists (
    select 1 from audit as result where result.key = '{RESULT_OF}' || audit.key))"""  # noqa: S608
_WAITING: Final = """waits_for in (select waits_for from requests where waits_for is not null and exists (
        select 1 from json_each(?) where instr(' ' || waits_for || ' ', ' ' || value || ' ') > 0))
    and not exists (select 1 from json_each(excluded) where value in (select value from json_each(?)))"""

_FILED_BY: Final = "(requester = ? or account = ?)"
_MAY_BE_ABOUT: Final = "(tenant_id = ? or tenant_id is null)"
"""Whether a request may be about a tenant. Before it has a plan, that is not known here."""
ACCOUNT_KINDS: Final = ", ".join(f"'{kind.value}'" for kind in CHANGE_OF_KIND)
"""The kinds of request that change guest accounts, for SQL."""
_READ_AT: Final = "julianday(coalesce(json_extract(doc, '$.confirmed_at'), json_extract(doc, '$.changed_at')))"
# NB. the plus keeps SQLite from the index of open requests, by which it would read every closed request of all partners
# (SQLite: "The Query Optimizer Overview", unary plus).
_FIRST_LATER_RESULT: Final = f"""where tenant_id = ? and +is_open = 0 and id <> ?
    and json_extract(doc, '$.particulars.kind') not in ('disable_guests', 'enable_guests')
    and (state in ('applied', 'overwritten') or coalesce(json_extract(doc, '$.applied_part'), 0) > 0)
    and {_READ_AT} > julianday(?) order by state <> 'applied', {_READ_AT}, rowid limit 1"""

_IS_CLICK_WAITING: Final = "exists (select 1 from effects where lane = 'judge:' || click.key and is_parked = 0)"


class SqliteRecords(SqliteDatabase, AlarmRecords, DriftRecords):
    """Reads records. `SqliteStore.commit` changes them."""

    async def request(self, request_id: RequestId) -> AccessRequest | None:
        """Load one request."""
        found = await self._requests("where id = ?", request_id)
        return found[0] if found else None

    async def partnership(self, tenant_id: TenantId) -> Partnership | None:
        """Load one partnership."""
        rows = await self._query("select doc from partnerships where tenant_id = ?", tenant_id)
        return load_shared(PARTNERSHIP, rows[0]["doc"]) if rows else None

    async def open_requests(self) -> Sequence[AccessRequest]:
        """List the requests that are not terminal, oldest first."""
        return await self._requests("where is_open = 1 order by created_at")

    async def open_requests_about(self, tenant_id: TenantId, *, only_planned: bool = False) -> Sequence[AccessRequest]:
        """List the requests that are not terminal and may be about a tenant, oldest first; see `ports.records`."""
        # NB. the plus lets SQLite use the index of tenants, not that of all open requests.
        where = "tenant_id = ? and +is_open = 1" if only_planned else f"is_open = 1 and {_MAY_BE_ABOUT}"
        return await self._requests(f"where {where} order by created_at", tenant_id)

    async def open_requests_alone(self, *, with_waiting: bool = True) -> Sequence[AccessRequest]:
        """List the requests that are not terminal and belong to no batch, oldest first; see `ports.records`."""
        states = "" if with_waiting else f" and state <> '{RequestState.AWAITING_APPROVAL.value}'"
        return await self._requests(f"where is_open = 1 and batch is null{states} order by created_at")

    async def roles_waited_for(self) -> Sequence[Role]:
        """List the roles of the open stages of all requests and batches that wait for approval."""
        rows = await self._query(
            """select waits_for from requests where waits_for is not null
            union select waits_for from batches where waits_for is not null order by 1"""
        )
        return sorted({Role(role) for row in rows for role in row["waits_for"].split()})

    async def requests_waiting(
        self, roles: Sequence[Role], ids: Collection[ChatId | PersonId], limit: int
    ) -> LimitedList[AccessRequest]:
        """List the requests that wait for one of these roles and that this person may decide on, oldest first."""
        where = f"where {_WAITING}"
        values = (json.dumps(list(roles)), json.dumps(sorted(ids)))
        requests = await self._requests(f"{where} order by created_at limit ?", *values, limit)
        rows = await self._query(f"select count(*) as count from requests {where}", *values)  # noqa: S608
        return LimitedList(items=requests, count=rows[0]["count"])

    async def waiting_page(
        self,
        roles: Sequence[Role],
        ids: Collection[ChatId | PersonId],
        *,
        text: str,
        limit: int,
        position: PagePosition,
    ) -> Page[AccessRequest]:
        """List the requests that wait for one of these roles and that this person may decide on, by deadline."""
        values = (json.dumps(list(roles)), json.dumps(sorted(ids)), typed_search_text(text))
        where = f"{_WAITING} and instr(sought, ?) > 0"
        return await self._page(REQUEST, ListQuery("requests", where, values, ("expires_at", "id")), limit, position)

    async def own_page(
        self, ids: Collection[ChatId | PersonId], *, text: str, limit: int, position: PagePosition
    ) -> Page[AccessRequest]:
        """List the requests of one person, see `ports.pages`."""
        known = json.dumps(sorted(ids))
        where = """(requester in (select value from json_each(?)) or account in (select value from json_each(?))
            or submitter in (select value from json_each(?)) or submitter_account in (select value from json_each(?)))
            and batch is null and instr(sought, ?) > 0"""
        rows = ListQuery(
            "requests",
            where,
            (known, known, known, known, typed_search_text(text)),
            ("is_open", "created_at", "id"),
            is_descending=True,
        )
        return await self._page(REQUEST, rows, limit, position)

    async def partners_page(
        self,
        partner_filter: PartnerFilter,
        *,
        limit: int,
        position: PagePosition,
        by_end: bool = False,
        is_counted: bool = True,
    ) -> Page[Partnership]:
        """List partners, sorted by default domain, or with `by_end` by the end of their access; see `ports.pages`."""
        where, values = partner_conditions(SQLITE, partner_filter, by_end=by_end)
        keys = ("ends_at" if by_end else "domain", "tenant_id")
        rows = ListQuery("partnerships", where, values, keys, is_counted=is_counted)
        return await self._page(PARTNERSHIP, rows, limit, position)

    async def requests_page(
        self, request_filter: RequestFilter, *, limit: int, position: PagePosition, is_counted: bool = True
    ) -> Page[AccessRequest]:
        """List requests, open and closed ones, the newest first; see `ports.pages`."""
        where, values = request_conditions(SQLITE, request_filter)
        rows = ListQuery("requests", where, values, ("created_at", "id"), is_descending=True, is_counted=is_counted)
        return await self._page(REQUEST, rows, limit, position)

    async def history_page(self, request_id: RequestId, *, limit: int, position: PagePosition) -> Page[AuditEntry]:
        """List the audit entries of a request, oldest first, without the clicks whose result has an entry."""
        where = f"request_id = ? and {_SAYS_MORE_THAN_ITS_RESULT}"
        rows = ListQuery("audit", where, (request_id,), ("seq",), read_columns=", ".join(_ENTRY))
        found = await self._read_page(rows, limit, position)
        return Page(
            items=[entry_of_row({name: row[name] for name in _ENTRY}) for row in found.rows],
            count=found.count,
            count_before=found.count_before,
            first_cursor=found.first,
            last_cursor=found.last,
            size=len(found.rows),
        )

    async def requests_of(
        self,
        requester: ChatId,
        limit: int,
        account: PersonId | None = None,
        *,
        is_open: bool | None = None,
        may_be_about: TenantId | None = None,
    ) -> Sequence[AccessRequest]:
        """List the requests that were filed under a chat id or by an account, newest first; see `ports.records`."""
        where = _FILED_BY if is_open is None else f"{_FILED_BY} and +is_open = {int(is_open)}"
        about = () if may_be_about is None else (may_be_about,)
        where = f"{where} and {_MAY_BE_ABOUT}" if about else where
        order = "order by created_at desc, rowid desc limit ?"
        return await self._requests(f"where {where} {order}", requester, account, *about, limit)

    async def count_open_among_newest(
        self, requester: ChatId, account: PersonId | None, *, newest: int, other_than: RequestId
    ) -> int:
        """Count the requests that are not terminal among the newest of a person, without one of them."""
        rows = await self._query(
            f"""select count(*) as count from (select id, is_open from requests where {_FILED_BY}
                order by created_at desc, rowid desc limit ?) where is_open = 1 and id <> ?""",  # noqa: S608
            *(requester, account, newest, other_than),
        )
        return int(rows[0]["count"])

    async def has_other_requests_for(self, tenant_id: TenantId, request_id: RequestId) -> bool:
        """Return whether there is another request about a tenant, open or closed."""
        sql = "select 1 from requests where tenant_id = ? and id <> ? limit 1"
        return bool(await self._query(sql, tenant_id, request_id))

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """List the requests about one tenant, newest first."""
        return await self._requests(
            "where tenant_id = ? order by created_at desc, rowid desc limit ?", tenant_id, limit
        )

    async def account_changes_since(self, tenant_id: TenantId, moment: datetime) -> Sequence[AccessRequest]:
        """List the requests to change guest accounts of a tenant that changed lately; see `ports.records`."""
        return await self._requests(
            f"""where {_MAY_BE_ABOUT} and json_extract(doc, '$.particulars.kind') in ({ACCOUNT_KINDS})
                and json_extract(doc, '$.particulars.target') = ?
                and julianday(json_extract(doc, '$.changed_at')) >= julianday(?) order by created_at, rowid""",
            *(tenant_id, tenant_id, moment.isoformat()),
        )

    async def first_to_replace(self, request: AccessRequest) -> AccessRequest | None:
        """Load the request that replaced the result of another one; see `partnership.replacements_among`."""
        if (read_at := result_read_at(request)) is None:
            return None
        found = await self._requests(_FIRST_LATER_RESULT, request.plan.tenant_id, request.id, read_at.isoformat())
        return found[0] if found else None

    async def approval_waits(self, limit: int) -> Mapping[str, Sequence[timedelta | None]]:
        """Return, by template, the times from filing to the last approval; see `ports.records`."""
        rows = await self._query(
            """select json_extract(doc, '$.particulars.template') as template,
                json_extract(doc, '$.created_at') as filed_at,
                (select max(json_extract(value, '$.at')) from json_each(doc, '$.decisions')
                    where json_extract(value, '$.choice') = 'approve' and state <> 'expired') as approved_at
            from requests
            where json_extract(doc, '$.particulars.kind') = 'access'
                and json_extract(doc, '$.state') in ('applied', 'overwritten', 'failed', 'expired')
            order by created_at desc limit ?""",
            limit,
        )
        waits: dict[str, list[timedelta | None]] = {}
        for row in rows:
            at, filed_at = row["approved_at"], datetime.fromisoformat(row["filed_at"])
            waits.setdefault(row["template"], []).append(at and datetime.fromisoformat(at) - filed_at)
        return waits

    async def partnerships(self, pick: Callable[[Partnership], Picked]) -> Sequence[Picked]:
        """List something of every partnership, by default domain. Nothing else of them is kept in memory."""
        return await self._run_on_second_connection(partial(picked_partnerships, pick=pick))

    async def identities(self) -> Sequence[TenantIdentity]:
        """List the identity of every partnership, by default domain."""
        return await self.partnerships(lambda one: one.identity)

    async def partnerships_named(self, name: str) -> Sequence[Partnership]:
        """List the partnerships with this tenant id, default domain, or name as it was asked for, by default domain."""
        asked = "case when json_valid(doc) then json_extract(doc, '$.identity.asked') end"
        sql = f"""select tenant_id as id, doc from partnerships where tenant_id = ? or domain = ? or {asked} = ?
            order by domain"""  # noqa: S608
        return readable(PARTNERSHIP, await self._query(sql, name, name, name))

    async def records(self, tenant_id: TenantId | None = None) -> Records:
        """Read every partnership, or one, and the requests that are needed to compare them with the tenant.

        When all tenants are read, an applied request has only the fields that are compared.
        """
        if tenant_id is not None:
            return await self._run(lambda: records_of(self._db.conn, tenant_id))
        return await self._run_on_second_connection(partial(all_records, only_compared=True))

    async def partners_without_setup(self) -> Sequence[TenantId]:
        """List the tenants of partnerships that are not revoked and have no partner setup."""
        rows = await self._query(
            """select tenant_id from partnerships
            where state not in ('revoked', 'suspended')
            and json_valid(doc) and coalesce(json_array_length(doc, '$.setup'), 0) = 0
            order by domain"""
        )
        return [TenantId(row["tenant_id"]) for row in rows]

    async def expired_since(self, moment: datetime, limit: int) -> Sequence[AccessRequest]:
        """List the requests that expired at this time or later, the newest first."""
        ended = "case when json_valid(doc) then datetime(json_extract(doc, '$.changed_at')) end"
        where = f"where state = 'expired' and {ended} >= datetime(?)"
        return await self._requests(f"{where} order by created_at desc limit ?", text_of(moment), limit)

    async def picked_drifts(self, pick: Callable[[Drift], Picked]) -> Sequence[Picked]:
        """List something of the drift that has not ended, the oldest first. Nothing else is kept in memory."""
        return await self._run_on_second_connection(partial(_picked_drifts, pick=pick))

    async def has_rewritten_drift(self, after: datetime, until: datetime) -> bool:
        """Return whether Gatehouse wrote a partner with open drift in this time."""
        # NB. the expression of the index `partnerships_by_since`, so that only partners written in this time are read.
        since = "julianday(json_extract(partnerships.doc, '$.since'))"
        sql = f"""select 1 from partnerships where json_valid(partnerships.doc) and {since} > julianday(?)
            and {since} <= julianday(?)
            and exists (select 1 from drifts where subject = tenant_id and is_open = 1) limit 1"""  # noqa: S608
        return bool(await self._query(sql, after.isoformat(), until.isoformat()))

    async def history(self, *, request_id: RequestId | None = None, limit: int = 200) -> Sequence[AuditEntry]:
        """List audit entries, newest first."""
        where, values = ("where request_id = ?", [request_id]) if request_id else ("", [])
        sql = f"select {_ENTRY_COLUMNS} from audit {where} order by seq desc limit ?"  # noqa: S608
        rows = await self._query(sql, *values, limit)
        return await asyncio.to_thread(lambda: list(map(entry_of_row, rows)))

    async def partner_history(self, tenant_id: TenantId, commands: Sequence[str]) -> Sequence[AuditEntry]:
        """List the accepted entries about a partner that belong to no request, oldest first."""
        marks = marks_of(commands)
        rows = await self._query(
            f"""select {_ENTRY_COLUMNS} from audit where tenant_id = ? and request_id is null and command in ({marks})
            and outcome = 'accepted' order by seq""",  # noqa: S608
            tenant_id,
            *commands,
        )
        return list(map(entry_of_row, rows))

    async def decisions_between(
        self, commands: Sequence[str], since: datetime, until: datetime
    ) -> Sequence[AuditEntry]:
        """List the accepted entries with these names in a time; see `ports.audit_log`."""
        marks = marks_of(commands)
        rows = await self._query(
            f"""select {_ENTRY_COLUMNS} from audit where command in ({marks}) and at > ? and at <= ?
            and outcome = 'accepted' order by seq""",  # noqa: S608
            *commands,
            text_of(since),
            text_of(until),
        )
        return await asyncio.to_thread(lambda: list(map(entry_of_row, rows)))

    async def is_known(self, key: str) -> bool:
        """Return whether an audit entry with this key exists."""
        return bool(await self._query("select 1 from audit where key = ?", key))

    async def times_of(
        self,
        actor: ChatId,
        account: PersonId | None,
        commands: Sequence[str],
        since: datetime,
        *,
        unchecked_before: str | None = None,
    ) -> Sequence[datetime]:
        """List the times when a person's commands were accepted; see `ports.audit_log`."""
        counted, values = counted_for_limit(
            actor, account, commands, since, before=unchecked_before, is_waiting=_IS_CLICK_WAITING
        )
        rows = await self._query(
            f"""select at, iif(json_valid(details), json_extract(details, '$.counts_as'), null) as counts_as
            from audit where {counted}
            and iif(json_valid(details), json_extract(details, '$.kind'), '') is not 'revocation' order by at""",  # noqa: S608
            *values,
        )
        times = [(datetime.fromisoformat(row["at"]), row["counts_as"]) for row in rows]
        return [at for at, number in times for _ in range(number if isinstance(number, int) else 1)]

    async def approved_before(
        self, click: str, actor: ChatId, account: PersonId, since: datetime
    ) -> Sequence[RequestId]:
        """List the requests that a person approved shortly before a click; see `ports.audit_log`."""
        sql, values = approved_before(click, actor, account, since)
        return [RequestId(row["request_id"]) for row in await self._query(sql, *values)]

    async def save_mark(self, name: str, value: str) -> None:
        """Store a mark of the process. A mark is a text with a name."""
        await self._write("insert or replace into marks (name, value) values (?, ?)", name, value)

    async def _requests(self, tail: str, *values: object) -> list[AccessRequest]:
        rows = await self._query(f"select id, doc from requests {tail}", *values)  # noqa: S608
        if len(rows) <= 1:  # most often one that was read a moment ago
            return readable(REQUEST, rows, are_remembered=True)
        # Parsing hundreds of records takes long, so it runs in a thread of its own.
        return await asyncio.to_thread(readable, REQUEST, rows)


def _picked_drifts(db: sqlite3.Connection, pick: Callable[[Drift], Picked]) -> list[Picked]:
    rows = db.execute(OPEN_DRIFTS)
    return [pick(drift) for subject, text in rows for drift in readable(DRIFT, [{"id": subject, "doc": text}])]
