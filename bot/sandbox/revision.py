"""Count changes, and wait for the next one."""

import asyncio


class Revision:
    """A number that increases with each change of anything that the sandbox shows."""

    def __init__(self) -> None:
        self.number = 0
        self._next = asyncio.Event()

    def bump(self) -> None:
        """Count a change."""
        self.number += 1
        self._next.set()
        self._next = asyncio.Event()

    async def wait(self, seen: int) -> int:
        """Return the number as soon as it is not `seen`."""
        while self.number == seen:
            await self._next.wait()
        return self.number
