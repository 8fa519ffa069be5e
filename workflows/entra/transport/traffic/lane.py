"""One service of Graph: which of the waiting requests is sent next, and when."""

import asyncio
import heapq
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.errors.tenant_problems import TenantCode
from workflows.entra.transport.traffic.circuit_breaker import CircuitBreaker
from workflows.ports.tenant import MAX_RETRY_AFTER, TenantUnavailable, Urgency

MAX_PARALLEL: Final = 32
"""How many requests to one service run at the same time."""
MAX_PARALLEL_SWEEPS: Final = 8
"""How many of them nobody waits for, so that a click always finds room."""
LONGEST_WAITS: Final[Mapping[Urgency, float]] = {Urgency.PERSON: 4.0, Urgency.SWEEP: 60.0}
"""Seconds that a request waits at most to be sent. What closes access does not wait."""
FIRST_PAUSE_SECONDS: Final = 1.0
"""The first pause after throttling when Graph names none. It doubles each time."""
LONGEST_PAUSE_SECONDS: Final = 60.0
_JITTER: Final = 0.25
"""The largest part that is added to a pause at random, so that several processes do not return together."""
_MOST_JITTER_SECONDS: Final = 2.0
_NO_ANSWER: Final = frozenset({TenantCode.UNREACHABLE, TenantCode.BROKEN_OFF})


class Lane:
    """Lets requests to one service through: the most urgent first, none during a pause that the service asked for.

    After throttling, requests are sent one at a time until one succeeds.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        processes: Callable[[], int] = lambda: 1,
        tell: Callable[[float], None] | None = None,
    ) -> None:
        """Create it. Nothing waits.

        :param now: returns the present time in seconds.
        :param chance: returns a number from 0 to 1.
        :param processes: returns how many processes call the service now; each has its part of the places.
        :param tell: called with the seconds of each pause that the service asked for.
        """
        self._processes = processes
        self._tell = tell
        self.breaker = CircuitBreaker(now)
        self.throttled = 0
        """How often the service asked for fewer requests."""
        self._now = now
        self._chance = chance
        self._numbers = count()
        self._waiting: list[tuple[Urgency, int, asyncio.Future[None]]] = []
        self._running = dict.fromkeys(Urgency, 0)
        self._paused_until = float("-inf")
        self._throttled_in_a_row = 0
        """How often the service asked for fewer requests since the last success."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def pause_left(self) -> float:
        """Return the seconds until the service accepts requests again; 0 when it does."""
        left = self._paused_until - self._now()
        # A clock that was set back must not hold requests for long.
        return left if 0.0 < left <= MAX_RETRY_AFTER + _MOST_JITTER_SECONDS else 0.0

    @asynccontextmanager
    async def turn(self, urgency: Urgency) -> AsyncIterator[None]:
        """Wait until a request may be sent, and see how it ends. What closes access is sent at once, always.

        :raises TenantUnavailable: when it is not sent: the service does not answer, or the wait would be too long.
        """
        if urgency is Urgency.CLOSING:
            self._running[urgency] += 1
        else:
            self._require_called()
            await self._wait(urgency)
        try:
            if urgency is not Urgency.CLOSING:
                self._require_called()  # it may have stopped answering during the wait
            self.breaker.begin()
            yield
        except TimeoutError:
            self.breaker.failed()
            raise
        except TenantUnavailable as error:
            if any(fact.code in _NO_ANSWER for fact in error.facts):
                self.breaker.failed()
            raise
        finally:
            self.breaker.ended()
            self._running[urgency] -= 1
            self._send_next()

    def _require_called(self) -> None:
        if not self.breaker.is_passable:
            raise TenantUnavailable((Fact(TenantCode.NOT_CALLED),), max(self.breaker.seconds_left, 1.0))

    def answered(self, status: int, pause: float | None) -> None:
        """Record an answer.

        :param pause: the seconds that the service asks for; None when it names none.
        """
        if status == 429:
            self.throttled += 1
            self._throttle(pause)
            self.breaker.succeeded()  # it answers
        elif status >= 500:
            self.breaker.failed()
            if pause is not None:
                self._pause(pause)
        else:
            self._throttled_in_a_row = 0
            self.breaker.succeeded()
        self._send_next()

    async def _wait(self, urgency: Urgency) -> None:
        longest = LONGEST_WAITS[urgency]
        if self.pause_left > longest:
            raise _out_of_turn(self.pause_left)
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._numbers), future))
        self._send_next()
        try:
            async with asyncio.timeout(longest):
                await future
        except BaseException as error:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._running[urgency] -= 1  # its turn came in the same moment
                self._send_next()
            if isinstance(error, TimeoutError):
                raise _out_of_turn(max(self.pause_left, FIRST_PAUSE_SECONDS)) from error
            raise

    def _send_next(self) -> None:
        """Let those through that may be sent now, the most urgent first."""
        while self._waiting:
            urgency, _, future = self._waiting[0]
            if future.done():
                heapq.heappop(self._waiting)
            elif self.pause_left > LONGEST_WAITS[urgency]:
                heapq.heappop(self._waiting)
                future.set_exception(_out_of_turn(self.pause_left))  # it cannot come in time
            elif self.pause_left > 0:
                self._look_again(self.pause_left)
                return
            elif self._has_room(urgency):
                heapq.heappop(self._waiting)
                self._running[urgency] += 1
                future.set_result(None)
            else:
                return

    def _has_room(self, urgency: Urgency) -> bool:
        running = self._running[Urgency.PERSON] + self._running[Urgency.SWEEP]
        if urgency is Urgency.SWEEP and self._running[urgency] >= self._part(MAX_PARALLEL_SWEEPS):
            return False
        return running < (1 if self._throttled_in_a_row else self._part(MAX_PARALLEL))

    def _part(self, places: int) -> int:
        return max(1, places // self._processes())

    def _look_again(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._send_next)

    def _throttle(self, pause: float | None) -> None:
        growing = min(FIRST_PAUSE_SECONDS * 2**self._throttled_in_a_row, LONGEST_PAUSE_SECONDS)
        self._throttled_in_a_row = min(self._throttled_in_a_row + 1, 10)
        self._pause(growing if pause is None else pause)

    def _pause(self, seconds: float) -> None:
        """Send nothing for these seconds, and a random part of them more."""
        with_jitter = seconds + min(_JITTER * seconds, _MOST_JITTER_SECONDS) * self._chance()
        self._paused_until = max(self._paused_until, self._now() + with_jitter)
        if self._tell is not None:
            self._tell(seconds)

    def pause_as_told(self, seconds: float) -> None:
        """Send nothing for these seconds: the service asked another process for that."""
        self._paused_until = max(self._paused_until, self._now() + min(seconds, MAX_RETRY_AFTER))
        self._send_next()


def _out_of_turn(seconds: float) -> TenantUnavailable:
    return TenantUnavailable((Fact(TenantCode.OUT_OF_TURN),), seconds, is_throttled=True)
