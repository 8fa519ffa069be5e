"""What several bots say of their work, as if they were one. The sandbox asks it whether there is something left to do.

A bot alone knows neither the windows that another one is filling, nor whether the leading one has ended its look at
what is due.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import aiohttp
from aiohttp import web

from bot.sandbox.bot_status import BotMetrics, parse_metrics
from tests.replicas.balancer import Target

_ANSWERS_WITHIN: Final = 1.5


class JointHealth:
    """Answers for all bots: what all of them still have to do, and up to when each knows that what was due is done."""

    def __init__(self, targets: Sequence[Target]) -> None:
        """Answer for these."""
        self._targets = targets
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self._reading = asyncio.Lock()
        self._next: asyncio.Task[str] | None = None
        """The next reading, which has not begun."""
        self._tasks: set[asyncio.Task[str]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWERS_WITHIN))
        application = web.Application()
        application.add_routes([web.get("/metrics", self._metrics)])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()
        await asyncio.gather(*self._tasks)
        if self._session is not None:
            await self._session.close()

    async def _metrics(self, _: web.Request) -> web.Response:
        """Answer with a reading that begins after the question. All who ask meanwhile share it."""
        if self._next is None:
            self._next = asyncio.create_task(self._read_next())
            self._tasks.add(self._next)
            self._next.add_done_callback(self._tasks.discard)
        text = await asyncio.shield(self._next)
        return web.Response(text=text) if text else web.Response(status=503)

    async def _read_next(self) -> str:
        async with self._reading:
            self._next = None
            return await self._read()

    async def _read(self) -> str:
        """Return what all of them say; nothing when one that should answer does not."""
        answers = await asyncio.gather(*(self._of(target) for target in self._targets))
        found = [answer for answer in answers if answer is not None]
        is_silent = any(
            target.is_ready and answer is None for target, answer in zip(self._targets, answers, strict=True)
        )
        if is_silent or not found:
            return ""
        due, ticked_at = sum(one.effects_due for one in found), min(one.last_tick for one in found)
        return f"gatehouse_effects_due {due}\ngatehouse_last_tick_timestamp_seconds {ticked_at!r}\n"

    async def _of(self, target: Target) -> BotMetrics | None:
        """Return what one bot says; None when it does not run, does not answer, or has just begun."""
        assert self._session is not None
        try:
            async with self._session.get(f"http://127.0.0.1:{target.health_port}/metrics") as answer:
                return parse_metrics(await answer.text()) if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return None
