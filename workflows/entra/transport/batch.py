"""Send reads that were started together in one `$batch`, made by the SDK's batch classes.

Only GET requests are put in such a batch; a write never is (see `batched_writes`), and neither is a read that was not
started together with others. A batch is sent when every started read waits for its answer. A read that waits for
something else, such as its turn under a rate limit, holds the others back for a moment only, and is then sent later.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware import ParametersNameDecodingHandler
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
from msgraph_core.requests.batch_request_content import BatchRequestContent
from msgraph_core.requests.batch_request_item import BatchRequestItem

from workflows.entra.answers.answers import Answer, GraphCall
from workflows.entra.answers.batch_answers import problem_about
from workflows.ports.tenant import ReadsTogether, TenantRefused, TenantUnavailable

BATCH_PATH: Final = "/$batch"
_HOLD_SECONDS: Final = 0.1
"""How long reads wait at most for others that were started with them."""
_ALONE_AFTER_SECONDS: Final = 3.0
"""How long a read of the directory waits for its batch. A batch is answered when its slowest part is, and one read that
hangs must not hold up the others."""
_OTHER_SERVICES: Final = ("/auditLogs/", "/admin/")
"""The reads that Graph passes to slower services. They share no batch with reads of the directory, and wait for it
without a limit of their own: sent again, they would not be faster."""

Read = TypeVar("Read")

_reads: ContextVar["BatchedReads | None"] = ContextVar("reads that are sent together", default=None)
_posting: Final[set[asyncio.Task[None]]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchedRead:
    """One read that waits to be sent."""

    call: GraphCall
    item: BatchRequestItem
    answer: "asyncio.Future[Answer | None]"


BatchSender = Callable[[], Awaitable[Answer | None]]
"""Sends one read in a batch with other reads, and returns its answer; None when the read must be sent alone."""
Post = Callable[[Sequence[BatchedRead]], Awaitable[Mapping[str, Answer] | None]]
"""Sends a batch; returns the answers by id, or None when each read must be sent alone."""


class BatchedReads(ReadsTogether):
    """Collects the reads that were started together, and sends them as soon as all of them wait."""

    def __init__(self, post: Post) -> None:
        super().__init__()
        self._post = post
        self._running = 0
        """How many reads were started and do not wait for an answer of this group."""
        self._waiting: list[BatchedRead] = []
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def waiting_for_others(self) -> Iterator[None]:
        """Let a started read count as waiting, while it does nothing but wait for others that it starts here."""
        self._running -= 1
        try:
            yield
        finally:
            self._running += 1

    def start(self, read: Coroutine[Any, Any, Read]) -> asyncio.Task[Read]:
        """Start one read."""
        self._running += 1
        task = super().start(read)
        task.add_done_callback(self._on_end)
        return task

    async def ask(self, call: GraphCall, item: BatchRequestItem) -> Answer | None:
        """Wait for the answer to one read of this group; None when the read must be sent alone.

        :raises TenantUnavailable, TenantRefused: when the batch is not answered.
        """
        read = BatchedRead(call=call, item=item, answer=asyncio.get_running_loop().create_future())
        self._waiting.append(read)
        self._running -= 1
        self._send_if_complete()
        try:
            async with asyncio.timeout(None if _is_slow(call) else _ALONE_AFTER_SECONDS):
                return await read.answer
        except TimeoutError:
            return None
        finally:
            self._running += 1
            if read in self._waiting:
                self._waiting.remove(read)

    def _context(self) -> Context:
        context = super()._context()
        context.run(_reads.set, self)
        return context

    def _on_end(self, _: object) -> None:
        self._running -= 1
        self._send_if_complete()

    def _send_if_complete(self) -> None:
        if self._running <= 0:
            self._send()
        elif self._waiting and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_HOLD_SECONDS, self._send)

    def _send(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # A read that was given up in this moment has not left the list yet.
        waiting, self._waiting = list(_open(self._waiting)), []
        for reads in _batches_of(waiting):
            if len(reads) == 1:
                reads[0].answer.set_result(None)
                continue
            # Not cancelled with the group: a read that several callers share may still wait for it.
            task = asyncio.create_task(self._answer(reads))
            _posting.add(task)
            task.add_done_callback(_posting.discard)

    async def _answer(self, reads: Sequence[BatchedRead]) -> None:
        _reads.set(None)  # the batch itself is sent alone
        try:
            answers = await self._post(reads)
        except asyncio.CancelledError:
            for read in _open(reads):
                read.answer.cancel()
            raise
        except (TenantUnavailable, TenantRefused) as error:
            for read in _open(reads):
                read.answer.set_exception(problem_about(read.call, error))
        except Exception as error:
            for read in _open(reads):
                read.answer.set_exception(error)
        else:
            for read in _open(reads):
                read.answer.set_result(None if answers is None else answers[read.item.id])


@asynccontextmanager
async def reads_beside(new_group: Callable[[], BatchedReads]) -> AsyncIterator[BatchedReads]:
    """Return the group in which the calling read was started, for reads that it needs; a new group if there is none.

    Until the end, the calling read only waits for them.
    """
    group = _reads.get()
    if group is not None:
        with group.waiting_for_others():
            yield group
        return
    async with new_group() as reads:
        yield reads


def batch_sender(call: GraphCall, request: RequestInformation, request_id: str) -> BatchSender | None:
    """Return the function that sends a read in a batch with other reads; None when the read must be sent alone.

    :param request_id: the id of the read inside the Graph batch.
    """
    reads = _reads.get()
    item = None if reads is None else batch_item(call, request, request_id)
    return None if reads is None or item is None else partial(reads.ask, call, item)


def batch_item(call: GraphCall, request: RequestInformation, request_id: str) -> BatchRequestItem | None:
    """Return a request as a part of a batch; None when the read must be sent alone.

    The address comes from the SDK's template, without the root of the service. The SDK's own batch would send an
    absolute address, which Graph refuses, and `depends_on`, which Graph does not know. A link to a next page has no
    template, so it is sent alone.

    :param request_id: the id of the read inside the Graph batch.
    """
    if call.method != "GET" or request.http_method is not Method.GET or request.url_template is None:
        return None
    relative = RequestInformation(Method.GET, request.url_template, {**request.path_parameters, "baseurl": ""})
    relative.query_parameters = request.query_parameters
    relative.headers = request.headers
    item = BatchRequestItem(relative, request_id)
    item._depends_on = None
    path, mark, query = item.url.partition("?")
    decoding = ParametersNameDecodingHandler()
    item.url = f"{path}{mark}{decoding.decode_uri_encoded_string(query, decoding.options.characters_to_decode)}"
    return item


async def batch_request(adapter: GraphRequestAdapter, reads: Sequence[BatchedRead]) -> RequestInformation:
    """Return the request that sends these reads as one batch."""
    content = BatchRequestContent({read.item.id: read.item for read in reads})
    request: RequestInformation = await BatchRequestBuilder(adapter).to_post_request_information(content)
    return request


def _batches_of(waiting: Sequence[BatchedRead]) -> Iterator[Sequence[BatchedRead]]:
    """Divide reads by service, and into batches that are not too large."""
    size = BatchRequestContent.MAX_REQUESTS
    for is_slow in (False, True):
        reads = [read for read in waiting if _is_slow(read.call) is is_slow]
        yield from (reads[start : start + size] for start in range(0, len(reads), size))


def _is_slow(call: GraphCall) -> bool:
    return call.path.startswith(_OTHER_SERVICES)


def _open(reads: Sequence[BatchedRead]) -> Iterator[BatchedRead]:
    """Return the reads for whose answers somebody still waits."""
    return (read for read in reads if not read.answer.done())
