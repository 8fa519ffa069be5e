"""End drafts that nobody confirmed, and batches that nobody decided on in time."""

from dataclasses import dataclass

import structlog

from workflows.app.batches.batch_service import BatchService
from workflows.core.batches.batch import Batch
from workflows.core.batches.commands import ExpireBatch
from workflows.core.errors.raised import Refused
from workflows.core.requests.commands.batch import ApproveBatch, RejectBatch
from workflows.core.requests.effects import CheckPermission

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchExpiry:
    """Expires batches. One that fails does not stop the others."""

    batches: BatchService

    async def check(self) -> None:
        """Expire what is due, unless a click that came in time must be checked first."""
        store = self.batches.store
        due = await store.batches_due(self.batches.clock.now())
        # NB. read after the due batches, so that every click that arrived before the deadline is in this list.
        clicks = await store.unchecked_clicks() if due else ()
        for batch_id in due:
            try:
                batch = await self.batches.load(batch_id)
                if not any(_is_in_time(click, batch) for click in clicks):
                    await self.batches.advance(ExpireBatch(batch_id=batch_id))
            except Refused:
                continue  # somebody acted first
            except Exception:
                _log.exception("batch_not_expired", batch=batch_id)


def _is_in_time(click: CheckPermission, batch: Batch) -> bool:
    """Return whether a stored click about what the batch decides now came before it expired."""
    command, at = click.command, click.received_at
    if not isinstance(command, ApproveBatch | RejectBatch) or command.batch_id != batch.id:
        return False
    return command.digest == batch.digest and at is not None and at < batch.expires_at
