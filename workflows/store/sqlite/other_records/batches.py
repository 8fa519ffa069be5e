"""What is about many partners in the embedded store: batches, drafts too, and campaigns of reviews."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from workflows.core.batches.batch import Batch, BatchState
from workflows.core.partners.reviewing.campaigns import Campaign
from workflows.core.people import ChatId, PersonId, Role
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.commands.campaign import CampaignId
from workflows.core.requests.request import BatchId, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.pages import START, Page, PagePosition
from workflows.store.codec import BATCH, CAMPAIGN, load, load_shared
from workflows.store.columns import text_of
from workflows.store.sqlite.database import ListQuery, SqliteDatabase, readable

_WAITING: Final = """waits_for in (select value from json_each(?))
    and not exists (select 1 from json_each(excluded) where value in (select value from json_each(?)))"""


class SqliteBatches(SqliteDatabase):
    """Reads batches, which `SqliteStore.commit` changes, and keeps what imports of files looked up."""

    async def batch(self, batch_id: BatchId) -> Batch | None:
        """Load one batch, in any state."""
        rows = await self._query("select doc from batches where id = ?", batch_id)
        return load_shared(BATCH, rows[0]["doc"]) if rows else None

    async def open_batches(self) -> Sequence[Batch]:
        """List the batches that have not ended, drafts too, oldest first."""
        return readable(
            BATCH,
            await self._query("select id, doc from batches where is_open = 1 order by created_at, id"),
            are_remembered=True,
        )

    async def batches_of(
        self, requester: ChatId, account: PersonId | None, limit: int, position: PagePosition = START
    ) -> Page[Batch]:
        """List the batches that a person asked for, newest first."""
        where = "(requester = ? or (account = ? and account <> ''))"
        values = (requester, account or "")
        rows = ListQuery("batches", where, values, ("created_at", "id"), is_descending=True)
        return await self._page(BATCH, rows, limit, position, are_remembered=True)

    async def batches_waiting(
        self, roles: Sequence[Role], ids: Collection[ChatId | PersonId], limit: int, position: PagePosition = START
    ) -> Page[Batch]:
        """List the batches that wait for one of these roles and that this person may decide on, by deadline."""
        values = (json.dumps(list(roles)), json.dumps(sorted(ids)))
        rows = ListQuery("batches", _WAITING, values, ("expires_at", "id"))
        return await self._page(BATCH, rows, limit, position, are_remembered=True)

    async def is_batch_applying(self) -> bool:
        """Return whether the members of a batch are being recorded."""
        sql = "select 1 from batches where is_open = 1 and state = ? limit 1"
        return bool(await self._query(sql, BatchState.APPLYING.value))

    async def batch_members(self, batch_id: BatchId) -> Mapping[RequestId, RequestState]:
        """Return the state of each request that belongs to a batch now."""
        rows = await self._query("select id, state from requests where batch = ?", batch_id)
        return {RequestId(row["id"]): RequestState(row["state"]) for row in rows}

    async def kept_lookups(self, home: TenantId, since: datetime) -> Mapping[str, TenantIdentity]:
        """Return the tenants that imports found since a moment, by the name that was looked up."""
        rows = await self._query(
            "select name, doc from import_lookups where home = ? and at >= ?", home.lower(), text_of(since)
        )
        return {row["name"]: _identity(row["name"], json.loads(row["doc"])) for row in rows}

    async def keep_lookups(
        self, home: TenantId, found: Mapping[str, TenantIdentity], at: datetime, *, forget_before: datetime
    ) -> None:
        """Keep tenants by the names that were looked up, and delete those of before a moment."""
        names = ("tenant_id", "display_name", "default_domain")
        docs = {name: {one: getattr(identity, one) for one in names} for name, identity in found.items()}
        sql = "insert or replace into import_lookups (home, name, at, doc) select ?, key, ?, value from json_each(?)"
        await self._write(sql, home.lower(), text_of(at), json.dumps(docs))
        await self._write("delete from import_lookups where at < ?", text_of(forget_before))

    async def batches_due(self, now: datetime) -> Sequence[BatchId]:
        """List the drafts and undecided batches whose time is over, or whose approvers are to be reminded."""
        rows = await self._query("select id from batches where due_at <= ? order by due_at, id", text_of(now))
        return [BatchId(row["id"]) for row in rows]


def _identity(name: str, doc: Mapping[str, str]) -> TenantIdentity:
    return TenantIdentity(
        tenant_id=TenantId(doc["tenant_id"]),
        display_name=doc["display_name"],
        default_domain=doc["default_domain"],
        typed_name=name,
    )


class SqliteCampaigns(SqliteDatabase):
    """Reads campaigns of reviews. `SqliteStore.commit` changes them."""

    async def campaign(self, campaign_id: CampaignId) -> Campaign | None:
        """Load one campaign, in any state."""
        rows = await self._query("select doc from campaigns where id = ?", campaign_id)
        return load(CAMPAIGN, rows[0]["doc"]) if rows else None

    async def open_campaigns(self) -> Sequence[Campaign]:
        """List the campaigns in which something is left to do, oldest first."""
        rows = await self._query("select id, doc from campaigns where is_open = 1 order by at, id")
        return readable(CAMPAIGN, rows)
