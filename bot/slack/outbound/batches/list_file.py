"""Attach the list of a batch to the thread of its card. A boundary: `bot/report` writes the list."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from bot.slack.answers.private_file import FileNotSent, FileProblem
from bot.slack.blocks.untrusted import escape
from bot.slack.outbound.files.upload import FileUpload, SharedFile, problems_of_files
from bot.slack.outbound.recipients import Outbound
from bot.words.batches.rows import list_comment, list_name, list_title
from workflows.core.batches.batch import Batch, BatchRow, ListFile
from workflows.core.errors.facts import Fact
from workflows.core.requests.request import AccessRequest, RequestId
from workflows.core.settings.canonical import Digest
from workflows.ports.notifier import ListProblem, NotifierBlocked, NotifierUnavailable

_PROBLEMS: Final[Mapping[FileProblem, ListProblem]] = {
    FileProblem.NO_SCOPE: ListProblem.NO_SCOPE,
    FileProblem.REFUSED: ListProblem.REFUSED,
    FileProblem.NO_ANSWER: ListProblem.NO_ANSWER,
}
_MEMBER_CHANGED: Final = "a member was planned again; its batch is listed again after that"
_NO_CARD: Final = "the card of the batch is not posted yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedList:
    """The list as bytes, and their SHA-256 digest."""

    content: bytes
    sha256: str


class RenderBatchList(Protocol):
    """Writes the list of a batch."""

    async def __call__(
        self, members: AsyncIterator[AccessRequest], *, sheet: Mapping[RequestId, BatchRow] | None = None
    ) -> RenderedList:
        """Return the list with one row for each member.

        :param sheet: the row of a sheet for each member; None for adopted settings.
        """


class BatchListFiles:
    """Writes the list of a batch, and attaches it below the batch's card in the approval channel."""

    def __init__(self, outbound: Outbound, files: FileUpload, render: RenderBatchList) -> None:
        self._outbound = outbound
        self._files = files
        self._render = render

    async def attach(self, batch: Batch, *, thread: str) -> ListFile:
        """Attach the list of exactly what is decided on.

        :param thread: the message id of the card in the channel.
        :raises NotifierUnavailable: when Slack does not answer, or a member was planned again.
        :raises NotifierBlocked: when Slack does not take the file until somebody repairs that.
        """
        if not thread or batch.digest is None:
            raise NotifierUnavailable(_NO_CARD)
        rendered = await self._render(self._members(batch), sheet=_sheet_rows(batch))
        try:
            with problems_of_files():
                shared = await self._shared(batch, rendered, thread)
        except FileNotSent as error:
            raise _as_notifier_error(error) from error
        return ListFile(
            file_id=shared.id,
            name=list_name(batch),
            sha256=Digest(rendered.sha256),
            permalink=shared.permalink,
            digest=batch.digest,
            message_id=thread,
        )

    async def _shared(self, batch: Batch, rendered: RenderedList, thread: str) -> SharedFile:
        channel = self._outbound.copies.channel
        file_id = await self._files.upload(rendered.content, name=list_name(batch))
        # NB. right before anybody can see it.
        await channel.require_private()
        return await self._files.share(
            file_id,
            title=list_title(batch),
            channel=channel.id,
            comment=escape(list_comment(batch, rendered.sha256)),
            thread=thread,
        )

    async def _members(self, batch: Batch) -> AsyncIterator[AccessRequest]:
        """Read each member in the order of the batch.

        :raises NotifierUnavailable: when a member has another plan than the one that is decided on.
        """
        for row in batch.members:
            request = None if row.request_id is None else await self._outbound.store.request(row.request_id)
            if request is None or request.prepared is None or request.plan.digest != row.plan_digest:
                raise NotifierUnavailable(_MEMBER_CHANGED)
            yield request


def _sheet_rows(batch: Batch) -> Mapping[RequestId, BatchRow] | None:
    if batch.sheet is None:
        return None
    return {row.request_id: row for row in batch.members if row.request_id is not None}


def _as_notifier_error(error: FileNotSent) -> NotifierUnavailable:
    problem = Fact(_PROBLEMS[error.problem], {"code": error.code or "-"})
    is_silent = error.problem is FileProblem.NO_ANSWER
    return NotifierUnavailable((problem,)) if is_silent else NotifierBlocked((problem,))
