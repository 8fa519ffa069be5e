"""A bounded cache of answers, each kept for its own time, with one read for parallel requests."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Asked = TypeVar("Asked", bound=Hashable)
Answer = TypeVar("Answer")


@dataclass(slots=True, kw_only=True)
class Cache(Generic[Asked, Answer]):
    """Answers by request. The oldest are removed when there are more than `most`."""

    read: Callable[[Asked], Coroutine[Any, Any, Answer]]
    seconds: Callable[[Answer], float]
    """How many seconds an answer is kept."""
    most: int
    _kept: dict[Asked, tuple[float, Answer]] = field(default_factory=dict)
    _asking: dict[Asked, asyncio.Task[Answer]] = field(default_factory=dict)

    async def ask(self, asked: Asked) -> Answer:
        """Return a kept answer, or the answer of a running read, or read it now. A failure is not kept."""
        until, answer = self._kept.get(asked, (float("-inf"), None))
        if time.monotonic() < until:
            return answer  # type: ignore[return-value]  # None only where that is an answer: see `until`
        if asked not in self._asking:
            task = asyncio.create_task(self.ask_now(asked))
            self._asking[asked] = task
            task.add_done_callback(lambda done: self._ended(asked, done))
        # NB. shielded: a caller that stops waiting does not cancel the read for the others.
        return await asyncio.shield(self._asking[asked])

    async def ask_now(self, asked: Asked) -> Answer:
        """Read it now without the cache, and keep the answer."""
        answer = await self.read(asked)
        self._kept.pop(asked, None)
        while len(self._kept) >= self.most:
            del self._kept[next(iter(self._kept))]
        self._kept[asked] = (time.monotonic() + self.seconds(answer), answer)
        return answer

    def _ended(self, asked: Asked, done: asyncio.Task[Answer]) -> None:
        del self._asking[asked]
        if not done.cancelled():
            done.exception()  # read here, for the case that nobody waits for it any more
