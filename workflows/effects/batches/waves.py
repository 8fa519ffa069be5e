"""What the members of one wave share while they are prepared or recorded: reads of people, tenant and records."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from workflows.app.batches.wave_directory import WaveDirectory
from workflows.app.batches.wave_tenant import wave_tenant
from workflows.app.batches.wave_writes import WaveWrites
from workflows.core.batches.batch import BatchRow
from workflows.core.batches.running.retries import after_progress
from workflows.core.plans.plan import TenantIdentity
from workflows.core.posture.adoption.authorship import LOG_READ_FOR
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.settings.model import TenantId
from workflows.effects.apply import Applier
from workflows.effects.prepare import Preparer
from workflows.ports.effects_queue import EffectTakenOver
from workflows.ports.people_directory import PeopleDirectoryRefused, PeopleDirectoryUnavailable
from workflows.ports.records import StoreNotWritable
from workflows.ports.store import Store
from workflows.ports.tenant import MAX_WRITES_TOGETHER, TenantRefused, TenantUnavailable
from workflows.preflight.shared_access import SharedAccess

WAVE: Final = 40
"""How many members are prepared or recorded at the same time: two full requests of each kind to the tenant."""
WRITTEN_WAVE: Final = MAX_WRITES_TOGETHER
"""How many members are written at the same time: what one request with writes can hold."""

_EVALUATIONS: Final = 60
"""The most evaluations of Conditional Access for one wave, at one a second."""
_AGAIN_AFTER: Final = (2.0,)
"""Seconds before an evaluation without an answer is asked for again, once: the other waves wait for this one."""

Waits = TenantUnavailable | TenantRefused | PeopleDirectoryUnavailable | PeopleDirectoryRefused

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class WaveRecords:
    """Other requests, and the partners as they were when the wave began. Implements `ports.RecordsReader`."""

    store: Store
    _identities: Sequence[TenantIdentity] | None = field(default=None)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open_requests_about(self, tenant_id: TenantId, *, only_planned: bool = False) -> Sequence[AccessRequest]:
        """List the open requests that may be about a tenant, as they are now."""
        return await self.store.open_requests_about(tenant_id, only_planned=only_planned)

    async def identities(self) -> Sequence[TenantIdentity]:
        """List the identity of every partnership, by default domain."""
        async with self._reading:
            if self._identities is None:
                self._identities = await self.store.identities()
            return self._identities


def preparer_of_wave(preparer: Preparer, kind: RequestKind) -> Preparer:
    """Return what prepares the members of one wave: the same checks, with what is equal for all read once.

    For new access, Entra evaluates Conditional Access once for all partners with the same access.
    """
    tenant = wave_tenant(preparer.tenant, log_since=preparer.clock.now() - LOG_READ_FOR)
    shared = SharedAccess(
        tenant_settings=tenant.tenant_settings,
        kept=preparer.evaluations,
        limit=_EVALUATIONS,
        again_after=_AGAIN_AFTER,
    )
    return replace(
        preparer,
        tenant=tenant,
        directory=WaveDirectory(preparer.directory.for_one_check()),
        records=WaveRecords(store=preparer.store),
        asks_about_each=False,
        shared_access=shared if kind is RequestKind.ACCESS else None,
    )


def applier_of_wave(applier: Applier, written: Sequence[TenantId] = ()) -> Applier:
    """Return what records the members of one wave: every check before a record is stored, with shared reads.

    Roles are read again for the wave, never from what another check read before.

    :param written: the partners whose plans are written; empty: nothing can be written.
    """
    return replace(
        applier,
        tenant=wave_tenant(applier.tenant, log_since=applier.clock.now() - LOG_READ_FOR),
        directory=WaveDirectory(applier.directory),
        wave=WaveWrites(applier.tenant, written) if written else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveResult:
    """What became of the rows of one wave, each by itself."""

    changed: dict[TenantId, BatchRow]
    """The rows that were advanced."""
    waiting: dict[TenantId, Waits]
    """Why the others wait for another system."""
    failed: frozenset[TenantId] = frozenset()
    """The rows that an error in Gatehouse stopped. It is in the log."""


async def rows_after_wave(rows: Sequence[BatchRow], advance: Callable[[BatchRow], Awaitable[BatchRow]]) -> WaveResult:
    """Advance rows at the same time. One that waits, or fails, stops none of the others.

    :raises StoreNotWritable: when nothing can be stored now, after the others have ended.
    :raises EffectTakenOver: when another process has taken the batch over, after the others have ended.
    """

    async def one(row: BatchRow) -> BatchRow | Exception:
        try:
            return await advance(row)
        except Exception as error:
            if not isinstance(error, Waits | StoreNotWritable | EffectTakenOver):
                _log.exception("batch_member_failed", partner=row.tenant_id, request=row.request_id)
            return error

    results = dict(zip((row.tenant_id for row in rows), await asyncio.gather(*map(one, rows)), strict=True))
    for result in results.values():
        if isinstance(result, StoreNotWritable | EffectTakenOver):
            raise result
    advanced = [(row, results[row.tenant_id]) for row in rows]
    return WaveResult(
        changed={
            row.tenant_id: after_progress(row, after)
            for row, after in advanced
            if isinstance(after, BatchRow) and after != row
        },
        waiting={tenant_id: result for tenant_id, result in results.items() if isinstance(result, Waits)},
        failed=frozenset(
            tenant_id for tenant_id, result in results.items() if not isinstance(result, BatchRow | Waits)
        ),
    )
