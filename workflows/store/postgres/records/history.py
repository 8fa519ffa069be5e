"""Read the audit log, alarms and marks from PostgreSQL."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from workflows.core.audit.chain import FIELDS
from workflows.core.people import ChatId, PersonId
from workflows.core.requests.request import RequestId
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import RECEIVED, RESULT_OF, AuditEntry
from workflows.ports.pages import Page, PagePosition
from workflows.store.common.queries import ListQuery, approved_before, counted_for_limit, marks_of
from workflows.store.common.reading import entry_of_row
from workflows.store.common.records import AlarmRecords
from workflows.store.common.rows import text_of
from workflows.store.postgres.database import PostgresDatabase
from workflows.store.postgres.jobs.stored_effects import IS_WAITING

_ENTRY: Final = ", ".join(FIELDS)
"""The columns of an audit entry."""
_SAYS_MORE_THAN_ITS_RESULT: Final = f"""not (outcome = '{RECEIVED}' and exists (
    select 1 from audit as result where result.key = '{RESULT_OF}' || audit.key))"""  # noqa: S608

_IS_CLICK_WAITING: Final = f"""exists (select 1 from procrastinate_jobs
    where {IS_WAITING} and args->>'lane' = 'judge:' || click.key)"""  # noqa: S608


class PostgresHistory(PostgresDatabase, AlarmRecords):
    """Reads the audit log, alarms and marks."""

    async def history_page(self, request_id: RequestId, *, limit: int, position: PagePosition) -> Page[AuditEntry]:
        """List the audit entries of a request, oldest first, without the clicks whose result has an entry."""
        where = f"request_id = ? and {_SAYS_MORE_THAN_ITS_RESULT}"
        rows = ListQuery("audit", where, (request_id,), ("seq",), read_columns=_ENTRY)
        found = await self._read_page(rows, limit, position)
        return Page(
            items=[entry_of_row({name: row[name] for name in FIELDS}) for row in found.rows],
            count=found.count,
            count_before=found.count_before,
            first_cursor=found.first,
            last_cursor=found.last,
            size=len(found.rows),
        )

    async def history(self, *, request_id: RequestId | None = None, limit: int = 200) -> Sequence[AuditEntry]:
        """List audit entries, newest first."""
        where, values = ("where request_id = ?", [request_id]) if request_id else ("", [])
        return await self._entries(f"{where} order by seq desc limit ?", *values, limit)

    async def partner_history(self, tenant_id: TenantId, commands: Sequence[str]) -> Sequence[AuditEntry]:
        """List the accepted entries about a partner that belong to no request, oldest first."""
        return await self._entries(
            f"""where tenant_id = ? and request_id is null and command in ({marks_of(commands)})
            and outcome = 'accepted' order by seq""",
            *(tenant_id, *commands),
        )

    async def decisions_between(
        self, commands: Sequence[str], since: datetime, until: datetime
    ) -> Sequence[AuditEntry]:
        """List the accepted entries with these names in a time; see `ports.audit_log`."""
        return await self._entries(
            f"where command in ({marks_of(commands)}) and at > ? and at <= ? and outcome = 'accepted' order by seq",
            *(*commands, text_of(since), text_of(until)),
        )

    async def _entries(self, tail: str, *values: object) -> Sequence[AuditEntry]:
        rows = await self._query(f"select {_ENTRY} from audit {tail}", *values)  # noqa: S608
        return await asyncio.to_thread(lambda: list(map(entry_of_row, rows)))

    async def is_known(self, key: str) -> bool:
        """Return whether an audit entry with this key exists."""
        return bool(await self._query("select 1 as found from audit where key = ?", key))

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
        rows = await self._query(f"select at, details from audit where {counted} order by at", *values)  # noqa: S608
        found = [(datetime.fromisoformat(row["at"]), _details(row["details"])) for row in rows]
        return [at for at, details in found if details.get("kind") != "revocation" for _ in range(_weight(details))]

    async def approved_before(
        self, click: str, actor: ChatId, account: PersonId, since: datetime
    ) -> Sequence[RequestId]:
        """List the requests that a person approved shortly before a click; see `ports.audit_log`."""
        sql, values = approved_before(click, actor, account, since)
        return [RequestId(row["request_id"]) for row in await self._query(sql, *values)]

    async def save_mark(self, name: str, value: str) -> None:
        """Store a mark of the process. A mark is a text with a name."""
        await self._save_mark(name, value)


def _details(text: str) -> Mapping[str, Any]:
    """Return stored details; empty when they cannot be read."""
    try:
        details = json.loads(text)
    except ValueError:
        return {}
    return details if isinstance(details, dict) else {}


def _weight(details: Mapping[str, Any]) -> int:
    """Return how often an entry counts."""
    number = details.get("counts_as")
    return number if isinstance(number, int) else 1
