"""The deadlines of the gateway's calls, which pass when a call gets no answer: no real time decides what is late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.waiting import LONGEST_WAIT


@dataclass(slots=True)
class Deadlines:
    """The deadlines of the calls that run. They are as long as usual, and pass when a call meets `never_answered`.

    They are not made short instead: on a slow machine other calls would be late, too, as those by which people approve.
    """

    running: set[asyncio.Timeout] = field(default_factory=set)

    @asynccontextmanager
    async def timeout_at(self, when: float | None) -> AsyncIterator[asyncio.Timeout]:
        """Be `asyncio.timeout_at`, and known here."""
        async with asyncio.timeout_at(when) as deadline:
            self.running.add(deadline)
            try:
                yield deadline
            finally:
                self.running.discard(deadline)

    async def never_answered(self, request: web.Request, _: object = None) -> web.StreamResponse:
        """Let the deadlines pass, and do not answer before the caller has hung up: what is answered reaches nobody."""
        for deadline in self.running:
            if not deadline.expired():
                deadline.reschedule(asyncio.get_running_loop().time())
        async with asyncio.timeout(LONGEST_WAIT):
            while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        return web.Response(status=499)
