"""Keep to one request a second: what Conditional Access takes from the whole tenant.

It says nothing of how long to wait when it throttles ("Microsoft Graph service-specific throttling limits"), so what it
throttles is not repeated.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Final

REST_SECONDS: Final = 1.0


class Pace:
    """One request at a time, each a second after the end of the one before."""

    def __init__(self) -> None:
        self._queue = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._last = float("-inf")

    @asynccontextmanager
    async def turn(self, *, goes_first: bool = False) -> AsyncIterator[None]:
        """Wait for one's turn, and hold it.

        :param goes_first: pass those who queue; at most one of them is still served before.
        """
        async with nullcontext() if goes_first else self._queue, self._turn:
            await asyncio.sleep(max(0.0, self._last + REST_SECONDS - time.monotonic()))
            try:
                yield
            finally:
                self._last = time.monotonic()

    async def rest_again(self) -> None:
        """Wait between two requests of one turn."""
        await asyncio.sleep(REST_SECONDS)
