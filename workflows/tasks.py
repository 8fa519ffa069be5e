"""Tasks that several callers share, and tasks that are ended.

A boundary: every layer may use it, and it imports none of them.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")
_CANCELLED_AGAIN_AFTER: Final = 5.0
"""In seconds. What a task does at its end, such as giving work back, takes less."""
WORK_CANCELLED_AGAIN_AFTER: Final = 1.0
"""The same of work that another task ends at its own end, in seconds. That one must not be cancelled again before."""


@dataclass(slots=True, kw_only=True)
class Cache(Generic[Key, Answer]):
    """Answers by request, each kept for its own time. Parallel requests share one read.

    It is used for answers of Microsoft Graph, and for answers of the chat system that are only displayed. The oldest
    are removed when there are more than `max_entries`.
    """

    read: Callable[[Key], Coroutine[Any, Any, Answer]]
    kept_for: Callable[[Answer], timedelta]
    """How long an answer is kept, counted from its arrival."""
    max_entries: int
    now: Callable[[], float] = time.monotonic
    """Returns the present time in seconds. When the clock was set back, a kept answer counts as too old."""
    _kept: dict[Key, "_Entry[Answer]"] = field(default_factory=dict)
    _running: dict[Key, asyncio.Task[Answer]] = field(default_factory=dict)

    async def get(self, key: Key) -> Answer:
        """Return the kept answer, the answer of a read that is running, or the answer of a new read.

        A failed read is not kept; its error is raised.
        """
        entry = self._valid(key)
        if entry is not None:
            return entry.answer
        if key not in self._running:
            task = asyncio.create_task(self.read_now(key))
            self._running[key] = task
            task.add_done_callback(lambda done: self._on_end(key, done))
        # NB. shielded: a caller that stops waiting does not cancel the read for the others.
        return await asyncio.shield(self._running[key])

    def kept(self, key: Key) -> Answer | None:
        """Return the kept answer; None when there is none that is still valid."""
        entry = self._valid(key)
        return None if entry is None else entry.answer

    def _valid(self, key: Key) -> "_Entry[Answer] | None":
        entry = self._kept.get(key)
        return entry if entry is not None and entry.since <= self.now() < entry.valid_until else None

    async def read_now(self, key: Key) -> Answer:
        """Read the answer now, without the cache, and keep it."""
        answer = await self.read(key)
        self.keep(key, answer)
        return answer

    def keep(self, key: Key, answer: Answer) -> None:
        """Keep an answer that has just arrived in another way."""
        self._kept.pop(key, None)
        while len(self._kept) >= self.max_entries:
            del self._kept[next(iter(self._kept))]
        now = self.now()
        self._kept[key] = _Entry(since=now, valid_until=now + self.kept_for(answer).total_seconds(), answer=answer)

    def forget_all(self) -> None:
        """Use no kept answer any more."""
        self._kept.clear()

    def recent(self, key: Key, age: timedelta) -> Answer | None:
        """Return the kept answer if it arrived at most `age` ago; None otherwise. Nothing is read."""
        entry = self._kept.get(key)
        if entry is None or not 0 <= self.now() - entry.since <= age.total_seconds():
            return None
        return entry.answer

    def _on_end(self, key: Key, task: asyncio.Task[Answer]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # read here, for the case that nobody waits for it any more


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry(Generic[Answer]):
    since: float
    valid_until: float
    answer: Answer


async def end_tasks(tasks: Iterable[asyncio.Future[Any]], again_after: float | None = None) -> None:
    """Cancel tasks, and wait until all of them have ended. Their errors are not raised here.

    A task that goes on is cancelled again: a library can lose a cancellation. Before Python 3.12 `asyncio.wait_for`
    returns a result that arrives at the same time (cpython issue 86296), and the task never hears that it should end.

    :param again_after: in seconds; None for the usual time.
    """
    running = list(tasks)
    while left := [task for task in running if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=again_after or _CANCELLED_AGAIN_AFTER)
    await asyncio.gather(*running, return_exceptions=True)
