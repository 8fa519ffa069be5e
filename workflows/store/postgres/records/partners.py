"""Read partners, and what is compared with the tenant, from PostgreSQL."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from workflows.core.partners.partnership import Partnership
from workflows.core.partners.records import Records
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.watch.drift import Drift
from workflows.core.settings.model import TenantId
from workflows.ports.pages import Page, PagePosition, PartnerFilter
from workflows.store.codec import PARTNERSHIP, load_shared
from workflows.store.common.queries import POSTGRES, ListQuery, partner_conditions
from workflows.store.common.reading import readable
from workflows.store.common.records import DriftRecords
from workflows.store.common.rows import text_of
from workflows.store.postgres.database import PostgresDatabase
from workflows.store.postgres.records.snapshot import all_records, picked_drifts, picked_partnerships, records_of

Picked = TypeVar("Picked")


class PostgresPartners(PostgresDatabase, DriftRecords):
    """Reads partners and their drift. `PostgresStore.commit` changes them."""

    async def partnership(self, tenant_id: TenantId) -> Partnership | None:
        """Load one partnership."""
        rows = await self._query("select doc from partnerships where tenant_id = ?", tenant_id)
        return load_shared(PARTNERSHIP, rows[0]["doc"]) if rows else None

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
        where, values = partner_conditions(POSTGRES, partner_filter, by_end=by_end)
        keys = ("ends_at" if by_end else "domain", "tenant_id")
        rows = ListQuery("partnerships", where, values, keys, is_counted=is_counted)
        return await self._page(PARTNERSHIP, rows, limit, position)

    async def partnerships(self, pick: Callable[[Partnership], Picked]) -> Sequence[Picked]:
        """List something of every partnership, by default domain. Nothing else of them is kept in memory."""
        return await self._read_beside(partial(picked_partnerships, pick=pick))

    async def identities(self) -> Sequence[TenantIdentity]:
        """List the identity of every partnership, by default domain."""
        return await self.partnerships(lambda one: one.identity)

    async def partnerships_named(self, name: str) -> Sequence[Partnership]:
        """List the partnerships with this tenant id, default domain, or name as it was asked for, by default domain."""
        sql = """select tenant_id as id, doc from partnerships where tenant_id = ? or domain = ? or named = ?
            order by domain"""
        return readable(PARTNERSHIP, await self._query(sql, name, name, name))

    async def records(self, tenant_id: TenantId | None = None) -> Records:
        """Read every partnership, or one, and the requests that are needed to compare them with the tenant.

        When all tenants are read, an applied request has only the fields that are compared.
        """
        if tenant_id is not None:
            return await self._read_beside(partial(records_of, tenant_id=tenant_id))
        return await self._read_beside(partial(all_records, only_compared=True))

    async def partners_without_setup(self) -> Sequence[TenantId]:
        """List the tenants of partnerships that are not revoked and have no partner setup."""
        rows = await self._query(
            """select tenant_id from partnerships
            where state not in ('revoked', 'suspended') and has_setup = 0 order by domain"""
        )
        return [TenantId(row["tenant_id"]) for row in rows]

    async def picked_drifts(self, pick: Callable[[Drift], Picked]) -> Sequence[Picked]:
        """List something of the drift that has not ended, the oldest first. Nothing else is kept in memory."""
        return await self._read_beside(partial(picked_drifts, pick=pick))

    async def has_rewritten_drift(self, after: datetime, until: datetime) -> bool:
        """Return whether Gatehouse wrote a partner with open drift in this time."""
        sql = """select 1 as found from partnerships where since > ? and since <= ?
            and exists (select 1 from drifts where subject = tenant_id and is_open = 1) limit 1"""
        return bool(await self._query(sql, text_of(after), text_of(until)))
