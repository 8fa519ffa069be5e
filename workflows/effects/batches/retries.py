"""Try members of a batch again that could not be advanced: after the others, and not for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from workflows.core.batches.batch import Batch, BatchRow, BatchState
from workflows.core.batches.running.retries import (
    after_failure,
    after_pause,
    after_wait,
    due,
    in_turn,
    seconds_until_due,
    why_given_up,
)
from workflows.core.errors.facts import Fact, Facts
from workflows.core.requests.notes import NoteCode
from workflows.core.settings.model import TenantId
from workflows.effects.batches.waves import WAVE, WRITTEN_WAVE, WaveResult, rows_after_wave
from workflows.ports.clock import Clock
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

_MARK: Final = "batch_wave"
"""The mark with the last row that was tried, while some row of the batch waits. A restart goes on after it."""

_UNREAD: Final = (TenantUnavailable, TenantRefused)


class Members(Protocol):
    """Advances the members of one wave."""

    async def advance(self, row: BatchRow) -> BatchRow:
        """Do the next step of a row, and return what became of it."""

    async def give_up(self, row: BatchRow, reason: Facts) -> BatchRow:
        """Let a row leave the batch, or end, for a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRetries:
    """Chooses the members of each wave, and what follows for those that it could not advance."""

    store: Store
    clock: Clock

    async def next_wave(self, batch: Batch, rows: Sequence[BatchRow]) -> Sequence[BatchRow]:
        """Return the rows of the next wave. Those that wait are behind the others.

        :raises TenantUnavailable: when every row has to wait until a time that another system asked for.
        """
        size = WRITTEN_WAVE if batch.writes and batch.state is BatchState.APPLYING else WAVE
        now = self.clock.now()
        ready = due(rows, now)
        if rows and not ready:
            raise TenantUnavailable((Fact(NoteCode.KEEPS_TRYING),), seconds_until_due(rows, now))
        if len(ready) <= size:
            return ready
        last = await self.store.mark(f"{_MARK}:{batch.id}")
        return in_turn(batch, ready, TenantId(last) if last else None)[:size]

    async def rows_to_store(
        self, batch: Batch, rows: Sequence[BatchRow], result: WaveResult, *, tenant: Tenant, members: Members
    ) -> dict[TenantId, BatchRow]:
        """Return every row of a wave that changed: advanced, waiting, stopped by an error, or given up.

        :param tenant: what read the partners of the wave.
        :param members: what advanced the rows of the wave.
        """
        if result.waiting or result.failed:
            await self.store.save_mark(f"{_MARK}:{batch.id}", rows[-1].tenant_id)
        now, changed = self.clock.now(), dict(result.changed)
        unread = [row for row in rows if isinstance(result.waiting.get(row.tenant_id), _UNREAD)]
        # NB. while nothing can be read, nothing is wrong with one partner.
        is_outage = bool(unread or result.failed) and not await _is_read(tenant)
        changed |= {row.tenant_id: after_wait(row, now, is_outage=is_outage) for row in unread}
        for row in unread:
            seconds = getattr(result.waiting[row.tenant_id], "retry_after", None)
            changed[row.tenant_id] = after_pause(changed[row.tenant_id], now, seconds)
        changed |= {row.tenant_id: after_failure(row) for row in rows if row.tenant_id in result.failed}
        reasons = dict[TenantId, Facts]()
        for row in rows:
            error = result.waiting.get(row.tenant_id)
            if reason := why_given_up(changed.get(row.tenant_id, row), now, () if error is None else error.facts):
                reasons[row.tenant_id] = reason
        # NB. the default was read after the partner: the other system may have answered again in between.
        again = await rows_after_wave([row for row in unread if row.tenant_id in reasons], members.advance)
        changed |= again.changed
        tired = [changed[tenant_id] for tenant_id in reasons if tenant_id not in again.changed]
        if not is_outage:
            changed |= (await rows_after_wave(tired, lambda row: members.give_up(row, reasons[row.tenant_id]))).changed
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
