"""Try members of a batch again that could not be advanced: after the others, and not for ever."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from workflows.core.batches.batch import Batch, BatchRow
from workflows.core.batches.retries import after_failure, after_wait, in_turn, why_given_up
from workflows.core.errors.facts import Fact, Facts
from workflows.core.requests.notes import NoteCode
from workflows.core.settings.model import TenantId
from workflows.effects.batches.waves import WAVE, WaveResult, rows_after_wave
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_MARK: Final = "batch_wave"
"""The mark with the last row that was tried, while some row of the batch waits. A restart goes on after it."""

GiveUp = Callable[[BatchRow, Facts], Awaitable[BatchRow]]
"""Lets a row leave the batch, or end, for a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRetries:
    """Chooses the members of each wave, and what follows for those that it could not advance."""

    store: Store
    clock: Clock

    async def next_wave(self, batch: Batch, rows: Sequence[BatchRow]) -> Sequence[BatchRow]:
        """Return the rows of the next wave. Those that wait are behind the others."""
        if len(rows) <= WAVE:
            return rows
        last = await self.store.mark(f"{_MARK}:{batch.id}")
        return in_turn(batch, rows, TenantId(last) if last else None)[:WAVE]

    async def rows_to_store(
        self, batch: Batch, rows: Sequence[BatchRow], result: WaveResult, *, tenant: Tenant, give_up: GiveUp
    ) -> dict[TenantId, BatchRow]:
        """Return every row of a wave that changed: advanced, waiting, stopped by an error, or given up.

        :param tenant: what read the partners of the wave.
        """
        if result.waiting or result.failed:
            await self.store.save_mark(f"{_MARK}:{batch.id}", rows[-1].tenant_id)
        now, changed, reasons = self.clock.now(), dict(result.changed), dict[TenantId, Facts]()
        for row in rows:
            error = result.waiting.get(row.tenant_id)
            if row.tenant_id in result.failed:
                changed[row.tenant_id] = after_failure(row)
            elif isinstance(error, TenantUnavailable | TenantRefused):
                changed[row.tenant_id] = after_wait(row, now)
            if reason := why_given_up(changed.get(row.tenant_id, row), now, () if error is None else error.facts):
                reasons[row.tenant_id] = reason
        # NB. while nothing can be read, nothing is wrong with one partner.
        if reasons and await _is_read(tenant):
            tired = [changed[tenant_id] for tenant_id in reasons]
            changed |= (await rows_after_wave(tired, lambda row: give_up(row, reasons[row.tenant_id]))).changed
        return changed


async def _is_read(tenant: Tenant) -> bool:
    try:
        await tenant.read_default()
    except (TenantUnavailable, TenantRefused):
        return False
    return True


def error_of_wave(result: WaveResult) -> TenantUnavailable | PeopleDirectoryUnavailable:
    """Return the error with which a wave is tried again after a pause, because it advanced nothing."""
    for error in result.waiting.values():
        if isinstance(error, TenantUnavailable | PeopleDirectoryUnavailable):
            return error
    for refused in result.waiting.values():
        return TenantUnavailable((*refused.facts, Fact(NoteCode.WAITS_FOR_ADMIN)))
    return TenantUnavailable((Fact(NoteCode.KEEPS_TRYING),))
