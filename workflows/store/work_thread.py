"""The one thread that uses a database. Writes that wait together are done together, before what only reads.

A write is durable when its transaction is, and the disk needs the same time for one write as for twenty. So many clicks
at the same moment share one transaction. Each is answered after the transaction that contains it.
"""

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from workflows.ports.records import StoreUnusable

MAX_TOGETHER: Final = 64
"""The most writes of one transaction. So the first of them does not wait long for the last."""

Result = TypeVar("Result")
Work = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one piece of work: its result, or the error that it raised."""

    result: Any = None
    error: BaseException | None = None


def outcome_of(work: Work) -> Outcome:
    """Do one piece of work."""
    try:
        return Outcome(work())
    except StopIteration as error:  # nobody can await that
        return Outcome(error=RuntimeError(repr(error)))
    except BaseException as error:  # it is raised again where the result is awaited
        return Outcome(error=error)


class _Kind(Enum):
    READ = auto()
    WRITE = auto()
    LAST = auto()
    """Ends the thread, after everything else."""


@dataclass(frozen=True, slots=True, eq=False)
class _QueuedWork:
    """Work whose result somebody awaits."""

    work: Work
    kind: "_Kind"
    result: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class _Queue:
    """What waits for the thread. When it is closed, it takes nothing more, so that nobody waits for ever."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_QueuedWork | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._is_closed = False

    def put(self, work: _QueuedWork) -> None:
        """Add work.

        :raises StoreUnusable: when the thread has ended.
        """
        with self._closing:
            if self._is_closed:
                raise _closed_error()
            self._queue.put(work)

    def put_end(self) -> None:
        """Say that nobody uses the thread any more. The garbage collector calls it anywhere, so it takes no lock."""
        self._queue.put(None)

    def get(self, *, block: bool) -> _QueuedWork | None:
        """Take what was added first; None when nobody uses the thread any more.

        :raises Empty: when nothing waits, unless this is to wait.
        """
        return self._queue.get(block=block)

    def close(self) -> Sequence[_QueuedWork]:
        """Take nothing more. Returns what is left."""
        with self._closing:
            self._is_closed = True
        unfinished_work = []
        with suppress(Empty):
            while True:
                unfinished_work.append(self._queue.get(block=False))
        return [item for item in unfinished_work if item is not None]


class WorkThread:
    """One thread. It ends with `close`, or when nobody uses it any more.

    After that, every method raises StoreUnusable, also for what came too late to be done.
    """

    def __init__(self, write_together: Callable[[Sequence[Work]], Sequence[Outcome]], *, name: str) -> None:
        """Create the thread.

        :param write_together: does several writes in one transaction, in their order. It returns the result of each.
        """
        self._queue = _Queue()
        arguments = (self._queue, weakref.WeakMethod(write_together))
        threading.Thread(target=_serve, args=arguments, name=name, daemon=True).start()
        weakref.finalize(self, self._queue.put_end)

    async def read(self, work: Callable[[], Result]) -> Result:
        """Do work that no write may be combined with."""
        return await self._result_of(work, _Kind.READ)

    async def write(self, work: Callable[[], Result]) -> Result:
        """Do work that writes in a transaction of its own, or together with other writes. Writes keep their order."""
        return await self._result_of(work, _Kind.WRITE)

    async def close(self, last: Work) -> None:
        """Finish what was asked for, do this last work, and end the thread."""
        await self._result_of(last, _Kind.LAST)

    async def _result_of(self, work: Callable[[], Result], kind: _Kind) -> Result:
        loop = asyncio.get_running_loop()
        item = _QueuedWork(work, kind, loop.create_future(), loop)
        self._queue.put(item)
        result: Result = await item.result
        return result


def _closed_error() -> StoreUnusable:
    return StoreUnusable("the records are closed; start Gatehouse again")


def _serve(queue: _Queue, write_together: "weakref.WeakMethod[Any]") -> None:
    waiting: dict[_Kind, deque[_QueuedWork]] = {kind: deque() for kind in _Kind}
    writes, reads, last = waiting[_Kind.WRITE], waiting[_Kind.READ], waiting[_Kind.LAST]
    is_used = True
    while (is_used and not last) or writes or reads:
        is_idle = is_used and not any(waiting.values())
        with suppress(Empty):
            while True:  # an idle thread waits; a busy one takes what was queued in the meantime
                item = queue.get(block=is_idle)
                is_idle = False
                if item is None:
                    is_used = False
                elif not item.result.cancelled():
                    waiting[item.kind].append(item)
        if writes:
            group = [writes.popleft() for _ in range(min(len(writes), MAX_TOGETHER))]
            _write(group, write_together())
        if reads:  # one read between two groups of writes, so that writes do not keep readers waiting forever
            _run_each([reads.popleft()])
    _run_each(last)
    unfinished = queue.close()
    _deliver(unfinished, [Outcome(error=_closed_error()) for _ in unfinished])


def _write(group: Sequence[_QueuedWork], write_together: Callable[[Sequence[Work]], Sequence[Outcome]] | None) -> None:
    if len(group) == 1 or write_together is None:
        _run_each(group)
        return
    together = outcome_of(lambda: write_together([item.work for item in group]))
    _deliver(group, [Outcome(error=together.error)] * len(group) if together.error else together.result)


def _run_each(group: Iterable[_QueuedWork]) -> None:
    for item in group:
        _deliver([item], [outcome_of(item.work)])


def _deliver(group: Sequence[_QueuedWork], outcomes: Sequence[Outcome]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_QueuedWork, Outcome]]] = {}
    for item, outcome in zip(group, outcomes, strict=True):
        by_loop.setdefault(item.loop, []).append((item, outcome))
    for loop, answered in by_loop.items():
        with suppress(RuntimeError):  # the loop was closed, and nobody waits any more
            loop.call_soon_threadsafe(_answer, answered)


def _answer(answered: Sequence[tuple[_QueuedWork, Outcome]]) -> None:
    for item, outcome in answered:
        if item.result.cancelled():
            continue
        if outcome.error is None:
            item.result.set_result(outcome.result)
        else:
            item.result.set_exception(outcome.error)
