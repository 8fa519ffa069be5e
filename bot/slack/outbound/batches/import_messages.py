"""Show an import to the person who gave the file: one message that is updated, and the file of its rows below it."""

from dataclasses import replace
from typing import Final

import structlog

from bot.slack.answers.private_file import FileNotSent
from bot.slack.cards.batches.import_card import closed_import_card, import_card
from bot.slack.outbound.files.upload import FileUpload, problems_of_files
from bot.slack.outbound.recipients import Outbound
from workflows.core.batches.batch import Batch
from workflows.core.people import ChatId
from workflows.core.requests.request import BatchId
from workflows.ports.message_copies import MessageCopy
from workflows.ports.notifier import ImportStep, ShownImport

_ROWS: Final = "Every row, with what it would change or why nothing is asked for it. Only you can see it here."

_log = structlog.get_logger()


class ImportMessages:
    """Posts and updates the messages about imports. May be repeated safely; a repeated file is a second one."""

    def __init__(self, outbound: Outbound, files: FileUpload) -> None:
        self._outbound = outbound
        self._files = files

    async def show(self, shown: ShownImport) -> None:
        """Post the message, or update it. The end of an import is a message of its own when the first one is gone.

        :raises NotifierUnavailable, NotifierRefused: when Slack does not take it.
        """
        subject, person = f"import:{shown.effect.run}", shown.effect.command.actor
        of_draft = _subject_of_draft(shown.effect.draft_id)
        posted = await self._posted(subject) or await self._posted(of_draft)
        if posted is None:
            problem = await self._outbound.copies.post(subject, person, import_card(shown))
        else:
            problem = await self._outbound.copies.renew(posted, import_card(shown), replaces_deleted=True)
        if problem is not None:
            raise problem
        card = await self._posted(subject) or await self._posted(of_draft)
        if shown.batch is not None and card is not None:
            # NB. by this it is found when the draft ends. Whoever ends it knows nothing of the import.
            await self._outbound.store.save_copy(replace(card, subject=of_draft))
        if shown.step is not ImportStep.DONE or not shown.rows or card is None:
            return
        if not await self._attach_rows(shown, card, person):
            problem = await self._outbound.copies.renew(card, import_card(shown, has_rows=False), replaces_deleted=True)
            if problem is not None:
                raise problem

    async def close(self, batch: Batch) -> None:
        """Take the buttons from the message about an import whose draft was confirmed or ended.

        :raises NotifierUnavailable: when Slack does not answer.
        """
        for copy in await self._outbound.copies.live_copies(_subject_of_draft(batch.id)):
            await self._outbound.copies.close(copy, closed_import_card(batch))

    async def _posted(self, subject: str) -> MessageCopy | None:
        return next(iter(await self._outbound.copies.live_copies(subject)), None)

    async def _attach_rows(self, shown: ShownImport, card: MessageCopy, person: ChatId) -> bool:
        """Put the file of every row below the message. Returns whether Slack confirmed it: no result waits for it."""
        name = f"rows-{shown.sha256[:12]}.csv"
        try:
            with problems_of_files():
                file_id = await self._files.upload(shown.rows, name=name)
                await self._files.share(
                    file_id, title=name, channel=card.channel, comment=_ROWS, thread=card.message_id
                )
        except FileNotSent as error:
            _log.warning("rows_not_sent", person=person, reason=str(error))
            return False
        return True


def _subject_of_draft(batch_id: BatchId) -> str:
    return f"import_draft:{batch_id}"
