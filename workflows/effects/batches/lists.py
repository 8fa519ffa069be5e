"""Upload the list of what a batch decides, and record it. Nobody can decide before."""

from contextlib import suppress
from dataclasses import dataclass

from workflows.app.batches.batch_service import BatchService
from workflows.core.batches.batch import BatchState, ListFile
from workflows.core.batches.commands import RecordListNotUploaded, RecordListUploaded
from workflows.core.errors.raised import Refused
from workflows.core.requests.request import BatchId
from workflows.ports.notifier import Notifier, NotifierRefused, NotifierUnavailable
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLists:
    """Performs UploadBatchList. May be repeated safely: a list of other members does not count."""

    batches: BatchService
    store: Store
    notifier: Notifier

    async def upload(self, batch_id: BatchId) -> None:
        """Upload the list of a batch that waits for approval, unless it is there.

        :raises NotifierUnavailable: after storing why it could not be uploaded; it is tried again.
        """
        batch = await self.store.batch(batch_id)
        if batch is None or batch.state is not BatchState.AWAITING_APPROVAL or batch.is_list_current:
            return
        try:
            file = await self.notifier.upload_batch_list(batch)
        except (NotifierUnavailable, NotifierRefused) as error:
            with suppress(Refused):  # it was withdrawn meanwhile, for example
                await self.batches.advance(RecordListNotUploaded(batch_id=batch_id, reason=error.facts))
            if isinstance(error, NotifierRefused):
                # NB. never given up: an admin may repair the cause, and without the list nobody can decide.
                raise NotifierUnavailable(error.facts) from error
            raise
        await self.record(batch_id, file)

    async def record(self, batch_id: BatchId, file: ListFile) -> None:
        """Record the list that is attached now. What is approved is the digest of the batch, not that of the file."""
        with suppress(Refused):  # other members are decided now: their list follows
            await self.batches.advance(RecordListUploaded(batch_id=batch_id, file=file))
