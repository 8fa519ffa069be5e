"""Keep a rate limit (a number of requests in a number of seconds) by waiting before a request, or when throttled."""

import asyncio
import heapq
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

from kiota_abstractions.request_information import RequestInformation

from workflows.core.errors.facts import Fact
from workflows.core.errors.tenant_problems import TenantCode
from workflows.entra.answers.answers import Answer, GraphCall
from workflows.entra.answers.failed_calls import failure
from workflows.ports.tenant import TenantRefused, TenantUnavailable

_THROTTLED_SECONDS: Final = 10.0
"""How long a patient read waits after throttling when Graph names no pause."""
_LOOK_AGAIN_SECONDS: Final = 1.0
"""The longest pause before a process looks again at its part: others may have ended."""
_WHILE_RUNNING: Final = 0.05
"""The pause while requests of this process run that take its whole part."""
_rest: Final = asyncio.sleep
_OUT_OF_TURN: Final = Fact(TenantCode.OUT_OF_TURN)


class RateLimit:
    """A rate limit. At most `limit` requests run in parallel, and each one counts until `seconds` after its end.

    A request reaches Graph at some time between its start and its end. So Graph never gets more than that in
    a period of `seconds`.
    """

    def __init__(
        self,
        limit: int,
        seconds: float,
        *,
        longest_wait: float | None = None,
        processes: Callable[[], int] = lambda: 1,
    ) -> None:
        """Create the rate limit. No request is counted yet.

        :param longest_wait: the longest wait for a turn; None: no limit.
        :param processes: returns how many processes share the limit now. Each has its part, at least one request.
        """
        self._limit = limit
        self._processes = processes
        self._seconds = seconds
        self._longest_wait = longest_wait
        self._queue = asyncio.Semaphore(limit)
        self._turns = asyncio.Semaphore(limit)
        self._free = [float("-inf")] * limit
        """When each turn is free again; a heap."""
        self._running = 0
        """How many requests run that were counted as this process's part."""

    @asynccontextmanager
    async def turn(self, *, goes_first: bool = False, is_patient: bool = False) -> AsyncIterator[None]:
        """Wait until one more request may start, and count it until it has ended.

        A caller that stops waiting is not counted.

        :param goes_first: whether to start before other waiting requests; at most `limit` of them can still be first.
        :param is_patient: whether to wait as long as it takes, because nobody waits for the result.
        :raises TenantUnavailable: when the wait would be longer than `longest_wait`.
        """
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(None if is_patient else self._longest_wait):
                    if not goes_first:
                        await held.enter_async_context(self._queue)
                    await held.enter_async_context(self._turns)
                    await self._rest()
                    await self._keep_part()
            except TimeoutError as error:
                raise TenantUnavailable((_OUT_OF_TURN,), self._seconds, is_throttled=True) from error
            try:
                yield
            finally:
                self._running -= 1
                heapq.heappush(self._free, time.monotonic() + self._seconds)

    async def _rest(self) -> None:
        """Wait until the first counted request stops counting."""
        free_at = heapq.heappop(self._free)
        try:
            await asyncio.sleep(max(0.0, free_at - time.monotonic()))
        except BaseException:
            heapq.heappush(self._free, free_at)
            raise

    async def _keep_part(self) -> None:
        """Wait until fewer requests are counted than this process's part; this one has its turn already."""
        try:
            await self._until_in_part()
        except BaseException:
            heapq.heappush(self._free, float("-inf"))  # its turn is free: it was not used
            raise
        self._running += 1

    async def _until_in_part(self) -> None:
        while (processes := self._processes()) > 1:
            now = time.monotonic()
            ends = sorted(end for end in self._free if end > now)
            over = self._running + len(ends) + 1 - max(1, self._limit // processes)
            if over <= 0:
                return
            await asyncio.sleep(min(ends[over - 1] - now, _LOOK_AGAIN_SECONDS) if over <= len(ends) else _WHILE_RUNNING)


async def send_patiently(
    call: GraphCall,
    request: RequestInformation,
    send: Callable[[GraphCall, RequestInformation], Awaitable[Answer]],
    take_turn: Callable[[], AbstractAsyncContextManager[None]],
    waits: int,
) -> Answer:
    """Send a read; while it is throttled, wait as long as Graph asks for, and send it again, at most `waits` times.

    :param take_turn: returns a context in which it is sent each time.
    :raises TenantUnavailable, TenantRefused: for any answer but a success.
    """
    while True:
        async with take_turn():
            try:
                answer = await send(call, request)
            except TenantUnavailable as held:
                error: TenantUnavailable | TenantRefused = held  # it was not sent, when its service wants fewer now
            else:
                if answer.is_success:
                    return answer
                error = failure(call, answer)
        if not waits or not isinstance(error, TenantUnavailable) or not error.is_throttled:
            raise error
        waits -= 1
        await _rest(_THROTTLED_SECONDS if error.retry_after is None else error.retry_after)
