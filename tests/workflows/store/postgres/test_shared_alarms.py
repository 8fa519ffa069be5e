"""Two bots on one database tell of a service of Graph that does not answer: one alarm, whoever of them leads."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.server import test_server
from workflows.app.alarms import Alarms
from workflows.app.watch.connection_checks import SilentServices
from workflows.core.requests.alarms import AlarmCode
from workflows.entra.transport.traffic.circuit_breaker import FAILURES_TO_OPEN, CircuitBreaker
from workflows.intervals import SERVICE_SILENT_AFTER
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.store import PostgresStore


class Bot:
    """One of them: it has a circuit of its own, and looks at every tick, whether it leads or not."""

    def __init__(self, store: PostgresStore, clock: FixedClock) -> None:
        self.store, self.breaker = store, CircuitBreaker(lambda: clock.now().timestamp())
        alarms = Alarms(store=store, clock=clock, wake=lambda: None)
        self.services = SilentServices(
            states=lambda: {"directory": self.breaker.state.value},
            alarms=alarms,
            clock=clock,
            notes=store.shared_notes,
        )

    def is_not_answered(self) -> None:
        """Its requests fail until it stops calling the service."""
        for _ in range(FAILURES_TO_OPEN):
            self.breaker.failed()


@pytest.fixture
def clock() -> FixedClock:
    """The clock of both."""
    return FixedClock()


@pytest.fixture
async def bots(location: PostgresLocation, clock: FixedClock) -> AsyncIterator[list[Bot]]:
    """Both, on one database."""
    async with AsyncExitStack() as stack:
        stores = [await location.open_for_bot(clock) for _ in range(2)]
        for store in stores:
            stack.push_async_callback(store.close)
        yield [Bot(store, clock) for store in stores]


async def ticks(clock: FixedClock, leading: Bot, other: Bot, *, seconds: float = 5.0) -> None:
    """Let some ticks pass, the last one after so many seconds."""
    for pause in (0.0, seconds, 1.0):
        clock.advance(seconds=pause)
        await other.services.look()
        await leading.services.check()


async def changes(bot: Bot) -> list[str]:
    """What happened to the alarm, oldest first."""
    entries = await bot.store.history(limit=100)
    return [entry.command for entry in reversed(entries) if entry.details.get("code") == AlarmCode.SERVICE_SILENT]


@pytest.mark.parametrize("leads_first", [0, 1])
async def test_a_circuit_that_is_open_in_one_bot_only_is_one_alarm_until_it_is_closed(
    bots: list[Bot], clock: FixedClock, leads_first: int
) -> None:
    silent = bots[0]
    silent.is_not_answered()
    leading, other = bots[leads_first], bots[1 - leads_first]
    await ticks(clock, leading, other, seconds=SERVICE_SILENT_AFTER.total_seconds())
    for _ in range(2):
        await ticks(clock, leading, other)
        leading, other = other, leading  # the other one leads now
    assert await changes(silent) == ["raise_alarm"]
    [alarm] = await silent.store.open_alarms()
    assert (alarm.code, alarm.subject) == (AlarmCode.SERVICE_SILENT, "directory")
    silent.breaker.succeeded()
    await ticks(clock, leading, other)
    assert await changes(silent) == ["raise_alarm", "clear_alarm"]


async def test_the_alarm_of_a_bot_that_died_ends_when_its_note_is_too_old(
    bots: list[Bot], clock: FixedClock, database: str
) -> None:
    dead, leading = bots
    dead.is_not_answered()
    await ticks(clock, leading, dead, seconds=SERVICE_SILENT_AFTER.total_seconds())
    await leading.services.check()
    assert await changes(leading) == ["raise_alarm"]
    test_server().run("update shared_notes set kept_until = '2000'", database=database)
    await leading.services.check()
    assert await changes(leading) == ["raise_alarm", "clear_alarm"]
