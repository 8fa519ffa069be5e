"""Remind the approvers of batches. End drafts that nobody confirmed, and batches that nobody decided on in time."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from workflows.app.batches.batch_service import BatchService
from workflows.core.batches.batch import Batch
from workflows.core.batches.commands import ExpireBatch, RemindBatchApprovers
from workflows.core.errors.raised import Refused
from workflows.core.requests.commands.batch import ApproveBatch, RejectBatch
from workflows.core.requests.effects import CheckPermission

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchExpiry:
    """Reminds approvers and expires batches. One that fails does not stop the others."""

    batches: BatchService

    async def check(self) -> None:
        """Do what is due. Nothing expires while a click that came in time must be checked first."""
        store = self.batches.store
        due = await store.batches_due(self.batches.clock.now())
        # NB. read after the due batches, so that every click that arrived before the deadline is in this list.
        clicks = await store.unchecked_clicks() if due else ()
        for batch_id in due:
            # NB. both commands are issued. The lifecycle accepts only the one that is due, and refuses the other.
            await self._advance(RemindBatchApprovers(batch_id=batch_id), clicks=())
            await self._advance(ExpireBatch(batch_id=batch_id), clicks)

    async def _advance(self, command: RemindBatchApprovers | ExpireBatch, clicks: Sequence[CheckPermission]) -> None:
        try:
            batch = await self.batches.load(command.batch_id)
            if not any(_is_in_time(click, batch) for click in clicks):
                await self.batches.advance(command)
        except Refused:
            return  # somebody acted first, or the other command is due
        except Exception:
            _log.exception("batch_not_checked", batch=command.batch_id)


def _is_in_time(click: CheckPermission, batch: Batch) -> bool:
    """Return whether a stored click about what the batch decides now came before it expired."""
    command, at = click.command, click.received_at
    if not isinstance(command, ApproveBatch | RejectBatch) or command.batch_id != batch.id:
        return False
    return command.digest == batch.digest and at is not None and at < batch.expires_at
