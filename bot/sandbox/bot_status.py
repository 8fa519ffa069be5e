"""Ask the bot, through its metrics, whether it has work that is due."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from bot.sandbox.revision import Revision

BETWEEN_READS_SECONDS = 0.03
_MAX_PAUSE_SECONDS = 0.12
"""Between two reads of a bot that is busy without calling anybody."""
_MAX_UNREAD_SECONDS = 0.3
"""How long a bot that keeps calling Slack or Graph is not read."""
_EFFECTS_DUE = "gatehouse_effects_due"
_LAST_TICK = "gatehouse_last_tick_timestamp_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class BotHandle:
    """The bot's process: its addresses, its process id, and whether it is alive."""

    url: str
    """What Slack calls."""
    pid: Callable[[], int]
    alive: Callable[[], bool]
    health_url: str = ""
    """Where its metrics are; empty when they are at `url`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotMetrics:
    """The two numbers read from the bot's metrics."""

    effects_due: float
    last_tick: float


def parse_metrics(text: str) -> BotMetrics | None:
    """Read Prometheus text; return None when one of the fields of `BotMetrics` is missing."""
    found = {}
    for name in (_EFFECTS_DUE, _LAST_TICK):
        samples = re.findall(rf"^{name}(?:\{{[^}}]*\}})?\s+(\S+)", text, flags=re.MULTILINE)
        if not samples:
            return None
        found[name] = [float(sample) for sample in samples]
    return BotMetrics(effects_due=sum(found[_EFFECTS_DUE]), last_tick=max(found[_LAST_TICK]))


class BotStatus:
    """Reads the bot's metrics until the bot is idle. `busy` returns whether a payload is being sent to the bot."""

    def __init__(self, *, bot: Callable[[], BotHandle | None], busy: Callable[[], bool], revision: Revision) -> None:
        """Watch a bot.

        :param bot: returns the bot; None while there is none.
        :param busy: returns whether a payload is being sent to the bot.
        :param revision: changes with every call that the bot makes.
        """
        self._bot = bot
        self._busy = busy
        self._revision = revision
        self._idle_at = -1
        """The revision at which the bot was last found idle."""
        self._session: aiohttp.ClientSession | None = None

    async def read(self) -> BotMetrics | None:
        """Read the metrics once; return None when there is no bot, or when it does not answer."""
        bot = self._bot()
        if bot is None:
            return None
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))
        try:
            async with self._session.get((bot.health_url or bot.url).rstrip("/") + "/metrics") as response:
                return parse_metrics(await response.text()) if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def idle(self, seconds: float, *, since: datetime | None = None, waits_for_answer: bool = True) -> bool:
        """Wait until two reads in a row show no due work.

        The first of the two may be the last one of the previous call, if nothing has happened since.

        :param seconds: how long to wait at most.
        :param since: when given, the bot's last tick must be at or after this time.
        :param waits_for_answer: whether to wait for a bot that does not answer.
        :returns: whether the bot became idle in time.
        """
        deadline = time.monotonic() + seconds
        idle_reads = 1 if self._idle_at == self._revision.number else 0
        pause = BETWEEN_READS_SECONDS
        while True:
            metrics = await self.read()
            if metrics is None and not waits_for_answer:
                return False
            is_idle_now = metrics is not None and metrics.effects_due == 0 and not self._busy()
            has_ticked = since is None or (metrics is not None and metrics.last_tick >= since.timestamp())
            idle_reads = idle_reads + 1 if is_idle_now and has_ticked else 0
            if idle_reads == 2:
                self._idle_at = self._revision.number
                return True
            if time.monotonic() >= deadline:
                return False
            pause = BETWEEN_READS_SECONDS if idle_reads else min(pause * 1.5, _MAX_PAUSE_SECONDS)
            await self._pause(pause, deadline)

    async def _pause(self, seconds: float, deadline: float) -> None:
        """Wait, and wait longer while the bot calls Slack or Graph: it is busy, and need not be asked."""
        end = min(deadline, time.monotonic() + _MAX_UNREAD_SECONDS)
        last_number = -1
        while last_number != self._revision.number and time.monotonic() < end:
            last_number = self._revision.number
            await asyncio.sleep(seconds)

    async def stop(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
