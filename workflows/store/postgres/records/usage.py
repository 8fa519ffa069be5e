"""What the newest scan of sign-ins and guests found, in PostgreSQL: read, replaced, and removed.

A boundary: `PostgresStore` is put together from these parts.
"""

from typing import Final

from workflows.core.partners.reviewing.evidence.usage import ScanResult
from workflows.store.codec import PARTNER_USAGE, USAGE_SCAN, dump
from workflows.store.common.records import UsageRecords
from workflows.store.postgres.database import PostgresDatabase, execute
from workflows.store.postgres.opening.server import Connected

_SCAN_ID: Final = "scan"
_REMOVE_LOCK: Final = "lock table usage_scans, partner_usage in share row exclusive mode"


class PostgresUsage(PostgresDatabase, UsageRecords):
    """Reads and removes what the newest scan found. `PostgresStore.commit` replaces it."""

    async def forget_usage(self) -> None:
        """Remove everything that scans found."""
        await self._run_write(self._remove_usage)

    async def _put_usage(self, connection: Connected, result: ScanResult) -> None:
        """Replace what earlier scans found."""
        await self._remove_usage(connection)
        scan = dump(USAGE_SCAN, result.scan)
        await execute(connection, "insert into usage_scans (id, doc) values (?, ?)", _SCAN_ID, scan)
        for partner in result.partners:
            doc = dump(PARTNER_USAGE, partner)
            sql = "insert into partner_usage (tenant_id, doc) values (?, ?)"
            await execute(connection, sql, partner.tenant_id, doc)

    async def _remove_usage(self, connection: Connected) -> None:
        """Remove what is stored. Two scans that end at the same time wait for each other."""
        await execute(connection, _REMOVE_LOCK)
        await execute(connection, "delete from usage_scans")
        await execute(connection, "delete from partner_usage")
