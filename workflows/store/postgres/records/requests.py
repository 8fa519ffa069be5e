"""Read requests, and pages of them, from PostgreSQL."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from workflows.core.partners.partnership import result_read_at
from workflows.core.people import ChatId, PersonId, Role
from workflows.core.requests.request import CHANGE_OF_KIND, AccessRequest, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.pages import Page, PagePosition, RequestFilter
from workflows.ports.records import LimitedList
from workflows.store.codec import REQUEST
from workflows.store.common.queries import POSTGRES, ListQuery, request_conditions
from workflows.store.common.reading import readable
from workflows.store.common.rows import text_of, typed_search_text
from workflows.store.postgres.database import PostgresDatabase

ACCOUNT_KINDS: Final = ", ".join(f"'{kind.value}'" for kind in CHANGE_OF_KIND)
"""The kinds of request that change guest accounts, for SQL."""
_WAITING: Final = f"{POSTGRES.has_word_of.format('waits_for')} and not {POSTGRES.overlaps.format('excluded')}"
_FILED_BY: Final = "(requester = ? or account = ?)"
_MAY_BE_ABOUT: Final = "(tenant_id = ? or tenant_id is null)"
"""Whether a request may be about a tenant. Before it has a plan, that is not known here."""
_FIRST_LATER_RESULT: Final = f"""where tenant_id = ? and is_open = 0 and id <> ? and kind not in ({ACCOUNT_KINDS})
    and (state in ('applied', 'overwritten') or is_part = 1) and read_at > ?
    order by state <> 'applied', read_at, number limit 1"""


class PostgresRequests(PostgresDatabase):
    """Reads requests. `PostgresStore.commit` changes them."""

    async def request(self, request_id: RequestId) -> AccessRequest | None:
        """Load one request."""
        found = await self._requests("where id = ?", request_id)
        return found[0] if found else None

    async def open_requests(self) -> Sequence[AccessRequest]:
        """List the requests that are not terminal, oldest first."""
        return await self._requests("where is_open = 1 order by created_at, number")

    async def open_requests_about(self, tenant_id: TenantId, *, only_planned: bool = False) -> Sequence[AccessRequest]:
        """List the requests that are not terminal and may be about a tenant, oldest first; see `ports.records`."""
        where = "tenant_id = ?" if only_planned else _MAY_BE_ABOUT
        return await self._requests(f"where is_open = 1 and {where} order by created_at, number", tenant_id)

    async def open_requests_alone(self, *, with_waiting: bool = True) -> Sequence[AccessRequest]:
        """List the requests that are not terminal and belong to no batch, oldest first; see `ports.records`."""
        states = "" if with_waiting else f" and state <> '{RequestState.AWAITING_APPROVAL.value}'"
        return await self._requests(f"where is_open = 1 and batch is null{states} order by created_at, number")

    async def requests_to_apply(self) -> Sequence[AccessRequest]:
        """List the requests whose plan is to be written, or is being written, oldest first."""
        return await self._requests("where state = 'applying' order by created_at, number")

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
        values = (json.dumps(list(roles)), json.dumps(sorted(ids)))
        requests = await self._requests(f"where {_WAITING} order by created_at, number limit ?", *values, limit)
        rows = await self._query(f"select count(*) as count from requests where {_WAITING}", *values)  # noqa: S608
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
        where = f"waits_for is not null and {_WAITING} and {POSTGRES.contains.format('sought')}"
        return await self._page(REQUEST, ListQuery("requests", where, values, ("expires_at", "id")), limit, position)

    async def own_page(
        self, ids: Collection[ChatId | PersonId], *, text: str, limit: int, position: PagePosition
    ) -> Page[AccessRequest]:
        """List the requests of one person, see `ports.pages`."""
        known = json.dumps(sorted(ids))
        people = ("requester", "account", "submitter", "submitter_account")
        mine = " or ".join(POSTGRES.among.format(column) for column in people)
        where = f"({mine}) and batch is null and {POSTGRES.contains.format('sought')}"
        values = (*(known for _ in people), typed_search_text(text))
        rows = ListQuery("requests", where, values, ("is_open", "created_at", "id"), is_descending=True)
        return await self._page(REQUEST, rows, limit, position)

    async def requests_page(
        self, request_filter: RequestFilter, *, limit: int, position: PagePosition, is_counted: bool = True
    ) -> Page[AccessRequest]:
        """List requests, open and closed ones, the newest first; see `ports.pages`."""
        where, values = request_conditions(POSTGRES, request_filter)
        rows = ListQuery("requests", where, values, ("created_at", "id"), is_descending=True, is_counted=is_counted)
        return await self._page(REQUEST, rows, limit, position)

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
        where = _FILED_BY if is_open is None else f"{_FILED_BY} and is_open = {int(is_open)}"
        about = () if may_be_about is None else (may_be_about,)
        where = f"{where} and {_MAY_BE_ABOUT}" if about else where
        order = "order by created_at desc, number desc limit ?"
        return await self._requests(f"where {where} {order}", requester, account, *about, limit)

    async def count_open_among_newest(
        self, requester: ChatId, account: PersonId | None, *, newest: int, other_than: RequestId
    ) -> int:
        """Count the requests that are not terminal among the newest of a person, without one of them."""
        rows = await self._query(
            f"""select count(*) as count from (select id, is_open from requests where {_FILED_BY}
                order by created_at desc, number desc limit ?) as newest where is_open = 1 and id <> ?""",  # noqa: S608
            *(requester, account, newest, other_than),
        )
        return int(rows[0]["count"])

    async def has_other_requests_for(self, tenant_id: TenantId, request_id: RequestId) -> bool:
        """Return whether there is another request about a tenant, open or closed."""
        sql = "select 1 as found from requests where tenant_id = ? and id <> ? limit 1"
        return bool(await self._query(sql, tenant_id, request_id))

    async def requests_for(self, tenant_id: TenantId, limit: int) -> Sequence[AccessRequest]:
        """List the requests about one tenant, newest first."""
        tail = "where tenant_id = ? order by created_at desc, number desc limit ?"
        return await self._requests(tail, tenant_id, limit)

    async def account_changes_since(self, tenant_id: TenantId, moment: datetime) -> Sequence[AccessRequest]:
        """List the requests to change guest accounts of a tenant that changed lately; see `ports.records`."""
        return await self._requests(
            f"""where {_MAY_BE_ABOUT} and kind in ({ACCOUNT_KINDS}) and target = ? and changed_at >= ?
                order by created_at, number""",
            *(tenant_id, tenant_id, text_of(moment)),
        )

    async def first_to_replace(self, request: AccessRequest) -> AccessRequest | None:
        """Load the request that replaced the result of another one; see `partnership.replacements_among`."""
        if (read_at := result_read_at(request)) is None:
            return None
        found = await self._requests(_FIRST_LATER_RESULT, request.plan.tenant_id, request.id, text_of(read_at))
        return found[0] if found else None

    async def approval_waits(self, limit: int) -> Mapping[str, Sequence[timedelta | None]]:
        """Return, by template, the times from filing to the last approval; see `ports.records`."""
        rows = await self._query(
            """select template_name, created_at, approved_at from requests
            where kind = 'access' and state in ('applied', 'overwritten', 'failed', 'expired')
            order by created_at desc limit ?""",
            limit,
        )
        waits: dict[str, list[timedelta | None]] = {}
        for row in rows:
            at, filed_at = row["approved_at"], datetime.fromisoformat(row["created_at"])
            waits.setdefault(row["template_name"], []).append(at and datetime.fromisoformat(at) - filed_at)
        return waits

    async def expired_since(self, moment: datetime, limit: int) -> Sequence[AccessRequest]:
        """List the requests that expired at this time or later, the newest first."""
        tail = "where state = 'expired' and changed_at >= ? order by created_at desc, number desc limit ?"
        return await self._requests(tail, text_of(moment), limit)

    async def _requests(self, tail: str, *values: object) -> list[AccessRequest]:
        rows = await self._query(f"select id, doc from requests {tail}", *values)  # noqa: S608
        if len(rows) <= 1:  # most often one that was read a moment ago
            return readable(REQUEST, rows, are_remembered=True)
        # Parsing hundreds of records takes long, so it runs in a thread of its own.
        return await asyncio.to_thread(readable, REQUEST, rows)
