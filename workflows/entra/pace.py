"""Keep to one request a second: what Conditional Access takes from the whole tenant.

It says nothing of how long to wait when it throttles ("Microsoft Graph service-specific throttling limits"), so what it
throttles is not repeated.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

REST_SECONDS: Final = 1.0


class Pace:
    """One request at a time, each a second after the end of the one before."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._last = float("-inf")

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn, and hold it."""
        async with self._turn:
            await asyncio.sleep(max(0.0, self._last + REST_SECONDS - time.monotonic()))
            try:
                yield
            finally:
                self._last = time.monotonic()

    async def rest_again(self) -> None:
        """Wait between two requests of one turn."""
        await asyncio.sleep(REST_SECONDS)
