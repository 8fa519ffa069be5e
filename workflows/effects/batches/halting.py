"""Look before each wave whether the run must halt or wait, and let members finish alone of which something was sent."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from workflows.app.alarms import Alarms
from workflows.app.batches.batch_service import BatchService
from workflows.app.reads.known_freeze import UNREADABLE, known_freeze
from workflows.app.service import Service
from workflows.core.batches.batch import Batch, BatchRow, BatchState, HaltRule, RowCode
from workflows.core.batches.commands import HaltBatch, RecordRows
from workflows.core.batches.members import row_after
from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import Refused
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.automatic import LeaveBatch
from workflows.core.requests.effects import Priority, priority_of
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import RequestState
from workflows.core.requests.transitions.freezing import freeze_note
from workflows.core.settings.model import TenantId
from workflows.intervals import CLOSING_LOOKED_FOR_AGAIN_AFTER
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import TenantUnavailable

_BEGUN: Final = frozenset({RequestState.APPLYING, RequestState.UNCONFIRMED})
_LOOKED_AT: Final = 20
"""How many due effects are looked at: those that close access are the first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halting:
    """Stops runs between two waves. Every method may be repeated safely."""

    batches: BatchService
    service: Service
    store: Store
    clock: Clock
    alarms: Alarms
    rule: HaltRule

    async def has_halted(self, batch: Batch) -> bool:
        """Halt a run of which too many members failed, and tell the admins and the requester."""
        if not batch.writes or not batch.runs or not self.rule.is_met(batch.runs[-1]):
            return False
        run = batch.runs[-1]
        # Before it is recorded: a crash in between repeats this, and the alarm is never missing.
        values = {"batch": str(batch.id), "tried": str(run.tried), "failed": str(run.failed)}
        await self.alarms.raise_alarm(AlarmCode.BATCH_HALTED, batch.id, values)
        if left := await self.finished_alone(batch):
            batch = await self.batches.advance(RecordRows(batch_id=batch.id, rows=left))
        with suppress(Refused):  # nothing was left to write
            await self.batches.advance(HaltBatch(batch_id=batch.id, rule=self.rule, tried=run.tried, failed=run.failed))
            return True
        await self.alarms.clear_alarm(AlarmCode.BATCH_HALTED, batch.id)
        return True

    async def clear_answered(self, batch: Batch) -> None:
        """Clear the alarm about a halt that was answered, or after which nothing was left to write."""
        if batch.state is not BatchState.HALTED and any(run.halted_at for run in batch.runs):
            await self.alarms.clear_alarm(AlarmCode.BATCH_HALTED, batch.id)

    async def require_free_way(self, batch: Batch) -> None:
        """Let what closes access go first, and wait for the end of a freeze.

        A revocation that was tried in vain does not hold the batch up: it may wait for an admin.

        :raises TenantUnavailable: while the next wave has to wait.
        """
        if not batch.writes:
            return
        due = await self.store.pending(self.clock.now(), _LOOKED_AT)
        if any(priority_of(one.effect) is Priority.CLOSE and not one.attempts for one in due):
            seconds = CLOSING_LOOKED_FOR_AGAIN_AFTER.total_seconds()
            raise TenantUnavailable((Fact(NoteCode.CLOSING_FIRST),), seconds)
        freeze = await known_freeze(self.store)
        if freeze is UNREADABLE:
            raise TenantUnavailable((Fact(NoteCode.FREEZE_UNREADABLE),))
        if freeze is not None:
            # What was sent before is read back during the freeze, too.
            if left := await self.finished_alone(batch):
                await self.batches.advance(RecordRows(batch_id=batch.id, rows=left))
            raise TenantUnavailable((freeze_note(freeze),))

    async def finished_alone(self, batch: Batch) -> dict[TenantId, BatchRow]:
        """Let every member of which something was sent go on alone with its approvals; return the changed rows."""
        changed, reason = dict[TenantId, BatchRow](), (Fact(RowCode.FINISHED_ALONE),)
        if not batch.writes:
            return changed
        for row in batch.members:
            request = None if row.request_id is None else await self.store.request(row.request_id)
            if request is None or request.batch is None or request.state not in _BEGUN or not request.was_sent:
                continue
            with suppress(Refused):  # it has ended meanwhile
                request = await self.service.advance(request.id, LeaveBatch(reason=reason))
            is_alone = request.batch is None
            changed[row.tenant_id] = row_after(replace(row, reason=reason) if is_alone else row, request)
        return changed
