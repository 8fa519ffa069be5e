"""Keep within a limit of so many requests in so many seconds by waiting for a turn."""

import asyncio
import time
from collections import deque

from workflows.ports import TenantUnavailable


class Pace:
    """Lets `most` requests start within any `seconds`. Who gives up while waiting takes no turn."""

    def __init__(self, most: int, seconds: float, longest_wait: float) -> None:
        self._most = most
        self._seconds = seconds
        self._longest_wait = longest_wait
        self._lock = asyncio.Lock()
        self._started: deque[float] = deque()

    async def turn(self) -> None:
        """Wait until one more request may start, and count it.

        :raises TenantUnavailable: where that takes longer than anybody should wait, as if Graph had throttled it.
        """
        try:
            async with asyncio.timeout(self._longest_wait), self._lock:
                if len(self._started) >= self._most:
                    await asyncio.sleep(max(0.0, self._started[0] + self._seconds - time.monotonic()))
                    self._started.popleft()
                self._started.append(time.monotonic())
        except TimeoutError as error:
            raise TenantUnavailable(
                "Entra's logs take no more requests at the moment.", self._seconds, is_throttled=True
            ) from error
