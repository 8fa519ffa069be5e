"""Keep within a limit of so many requests in so many seconds by waiting for a turn."""

import asyncio
import heapq
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.ports.tenant import TenantUnavailable
from workflows.ports.tenant_problems import TenantCode

_OUT_OF_TURN: Final = Fact(TenantCode.OUT_OF_TURN)


class Pace:
    """Lets `most` requests run in parallel, and counts each until `seconds` after its end.

    It is only known that a request reaches Graph between its start and its end. So no period of `seconds` contains
    more.
    """

    def __init__(self, most: int, seconds: float, *, longest_wait: float | None = None) -> None:
        """Start without any counted request.

        :param longest_wait: the longest wait for a turn; None: no limit.
        """
        self._seconds = seconds
        self._longest_wait = longest_wait
        self._queue = asyncio.Semaphore(most)
        self._turns = asyncio.Semaphore(most)
        self._free = [float("-inf")] * most
        """When each turn is free again; a heap."""

    @asynccontextmanager
    async def turn(self, *, goes_first: bool = False) -> AsyncIterator[None]:
        """Wait until one more request may start, and hold the turn until it has ended.

        A caller that stops waiting takes none.

        :param goes_first: go before waiting requests; at most `most` of them are still served before.
        :raises TenantUnavailable: when that takes longer than the limit, as if Graph had throttled it.
        """
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._longest_wait):
                    if not goes_first:
                        await held.enter_async_context(self._queue)
                    await held.enter_async_context(self._turns)
                    await self._rest()
            except TimeoutError as error:
                raise TenantUnavailable((_OUT_OF_TURN,), self._seconds, is_throttled=True) from error
            try:
                yield
            finally:
                heapq.heappush(self._free, time.monotonic() + self._seconds)

    async def _rest(self) -> None:
        """Wait for the turn that is free first, and take it."""
        free_at = heapq.heappop(self._free)
        try:
            await asyncio.sleep(max(0.0, free_at - time.monotonic()))
        except BaseException:
            heapq.heappush(self._free, free_at)
            raise
