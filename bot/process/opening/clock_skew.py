"""Compare this machine's clock with the `Date` headers of Slack's and Microsoft Graph's answers.

Approvals, ends of access and signatures depend on the clock. It may be wrong after a machine was suspended or restored.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from statistics import median
from typing import Final

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import NO_ANSWER
from workflows.intervals import CLOCK_COMPARED_AFTER, CLOCK_DATES_COUNT_FOR
from workflows.ports.clock import Clock

SLACK: Final = "Slack"
GRAPH: Final = "Microsoft Graph"
ENOUGH: Final = 3
"""How many dates of a service are needed, so that a single wrong one changes nothing."""
_DATES_KEPT: Final = 5
_PROBE_SECONDS: Final = 10.0

_log = structlog.get_logger()

ObserveDate = Callable[[str, float], None]
"""Takes the `Date` header of an answer, and how many seconds passed since its request was sent."""


class ClockSkew:
    """Implements `ports.ClockComparison` with the last five dates of each service.

    Of a service the median counts, so two wrong headers change nothing. A slow answer cannot be the reason: only what
    is wrong whenever the answer was made counts. If the services disagree, the one counts that is nearest to our clock:
    then two of three clocks agree.
    """

    def __init__(self, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._dates: dict[str, deque[tuple[float, float]]] = {}
        """For each service: when an answer came, by the monotonic clock, and by how many seconds ours was wrong."""

    def observer(self, service: str) -> ObserveDate:
        """Return what takes the dates of a service."""
        return partial(self.observe, service)

    def observe(self, service: str, date: str, elapsed: float) -> None:
        """Compare our clock with one date. What is no date is ignored.

        :param elapsed: seconds from sending the request to the answer, by the monotonic clock.
        """
        try:
            server = parsedate_to_datetime(date)
            server = server.replace(tzinfo=UTC) if server.tzinfo is None else server
            latest = (self._clock.now() - server).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return
        # The server made the answer between `elapsed` seconds ago and now; its date has no parts of a second.
        earliest = latest - elapsed - 1
        wrong_by = 0.0 if earliest <= 0 <= latest else min(earliest, latest, key=abs)
        self._dates.setdefault(service, deque(maxlen=_DATES_KEPT)).append((self._monotonic(), wrong_by))

    def wrong_by(self) -> timedelta | None:
        """Return how far our clock is ahead (negative: behind); see `ports.ClockComparison`."""
        since = self._monotonic() - CLOCK_DATES_COUNT_FOR.total_seconds()
        recent = [[wrong_by for at, wrong_by in dates if at >= since] for dates in self._dates.values()]
        found = [median(dates) for dates in recent if len(dates) >= ENOUGH]
        return timedelta(seconds=min(found, key=abs)) if found else None

    @property
    def is_outdated(self) -> bool:
        """Return whether no service has answered for a minute, so that one should be asked."""
        newest = max((dates[-1][0] for dates in self._dates.values()), default=None)
        return newest is None or self._monotonic() - newest > CLOCK_COMPARED_AFTER.total_seconds()


async def ask_slack_for_dates(client: AsyncWebClient) -> None:
    """Call Slack as often as a comparison needs. The client's observer takes the dates."""
    for _ in range(ENOUGH):
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                await client.api_call("api.test", http_verb="GET", params={})
        except (SlackApiError, *NO_ANSWER):
            return


async def keep_clock_compared(skew: ClockSkew, client: AsyncWebClient, check_seconds: float) -> None:
    """Ask Slack for its date whenever nothing else has asked for some time. Until cancelled."""
    while True:
        await asyncio.sleep(check_seconds)
        if skew.is_outdated:
            try:
                await ask_slack_for_dates(client)
            except Exception:
                _log.exception("clock_not_compared")
