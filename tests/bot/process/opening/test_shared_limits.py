"""What several bots share of the limits of Slack and Graph, and of what is wrong with one of them."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import ClientConnectorError
from slack_sdk.errors import SlackApiError

from bot.process.opening.shared_traffic import SharedTraffic
from bot.process.web.health import Health
from bot.slack.errors import is_temporary, retry_after
from bot.slack.outbound.client import SlackClient
from tests.waiting import LONGEST_WAIT
from tests.workflows.fakes import FixedClock
from workflows.core.requests.alarms import AlarmCode
from workflows.entra.transport.traffic.lane import MAX_PARALLEL, Lane
from workflows.entra.transport.traffic.rate_limit import RateLimit
from workflows.ports.tenant import TenantUnavailable, Urgency


class Notes:
    """The notes of all processes; each hears of each."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.hear: list[Any] = []

    async def put(self, name: str, text: str, *, kept_for: timedelta) -> None:
        self.kept[name] = text
        for process in self.hear:
            process.on_note(name)

    async def read(self, start: str) -> Mapping[str, str]:
        return {name: text for name, text in self.kept.items() if name.startswith(start)}

    async def forget(self, name: str) -> None:
        self.kept.pop(name, None)


class Process:
    """What one process has of it."""

    def __init__(self, notes: Notes, clock: FixedClock) -> None:
        self.shared = SimpleNamespace(on_note=None, replicas=2)
        notes.hear.append(self.shared)
        store = cast(Any, SimpleNamespace(shared_queue=self.shared, shared_notes=notes))
        self.client = SlackClient(token="xoxb-1", base_url="http://127.0.0.1:1/", redact=str)
        self.started: list[asyncio.Task[Any]] = []
        self.traffic = SharedTraffic(clock, store, self.client, self._start)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self.started.append(asyncio.create_task(work))


async def settled(*processes: Process) -> None:
    """Wait until everything that was started has ended."""
    for _ in range(3):
        await asyncio.gather(*(task for process in processes for task in process.started))


async def test_a_pause_that_graph_asks_one_process_for_holds_the_others() -> None:
    notes, clock = Notes(), FixedClock()
    asked, other = Process(notes, clock), Process(notes, clock)
    mine, theirs = (process.traffic.get().lane_of("/policies") for process in (asked, other))
    mine.answered(429, 20.0)
    await settled(asked, other)
    assert list(notes.kept) == ["pause:graph:directory"]
    assert 19.0 < theirs.pause_left <= 20.0
    assert other.traffic.get().lane_of("/auditLogs/signIns").pause_left == 0, "another service is called"
    with pytest.raises(TenantUnavailable):
        async with theirs.turn(Urgency.PERSON):
            pass
    async with theirs.turn(Urgency.CLOSING):
        pass  # what closes waits for nobody


async def test_a_pause_that_slack_asks_one_process_for_holds_the_same_calls_of_the_others() -> None:
    notes, clock = Notes(), FixedClock()
    asked, other = Process(notes, clock), Process(notes, clock)
    assert asked.client.on_pause is not None
    asked.client.on_pause("chat.postMessage:C1", 30.0)
    await settled(asked, other)
    with pytest.raises(SlackApiError) as raised:
        await other.client.chat_postMessage(channel="C1", text="later")
    assert is_temporary(raised.value)
    assert 0 < (retry_after(raised.value) or 0) <= 30
    with pytest.raises(ClientConnectorError):  # sent, to where nobody listens
        await other.client.chat_postMessage(channel="C2", text="now")
    await other.client.close()


async def test_a_pause_of_slack_ends_by_the_clock_of_the_work_that_waits_for_it() -> None:
    """Also for the process that was asked: it hears its own note. A clock that was put back makes no pause longer."""
    notes, clock = Notes(), FixedClock()
    asked = Process(notes, clock)
    assert asked.client.on_pause is not None
    asked.client.on_pause("chat.postMessage:C1", 300.0)
    await settled(asked)
    for seconds, error in ((299, SlackApiError), (1, ClientConnectorError), (-3600, ClientConnectorError)):
        clock.advance(seconds=seconds)
        with pytest.raises(error):
            await asked.client.chat_postMessage(channel="C1", text="later")
    await asked.client.close()


async def test_each_process_uses_its_part_of_the_places_of_a_service() -> None:
    lane = Lane(processes=lambda: 4)
    running = [lane.turn(Urgency.PERSON) for _ in range(MAX_PARALLEL // 4)]
    for turn in running:
        await asyncio.wait_for(turn.__aenter__(), LONGEST_WAIT)
    one_more = asyncio.create_task(lane.turn(Urgency.PERSON).__aenter__())
    await asyncio.sleep(0.05)
    assert not one_more.done()
    one_more.cancel()
    await asyncio.gather(one_more, return_exceptions=True)
    for turn in running:
        await turn.__aexit__(None, None, None)


@pytest.mark.parametrize(("processes", "begun"), [(1, 4), (2, 2), (3, 1), (9, 1)])
async def test_each_process_uses_its_part_of_a_rate(processes: int, begun: int) -> None:
    limit, started = RateLimit(4, 3600.0, processes=lambda: processes), list[int]()

    async def send(number: int) -> None:
        async with limit.turn():
            started.append(number)

    tasks = [asyncio.create_task(send(number)) for number in range(4)]
    await asyncio.sleep(0.3)
    assert len(started) == begun
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Alarms:
    """Remembers which alarm about Slack is open."""

    def __init__(self) -> None:
        self.open: dict[str, Any] = {}
        self.changes: list[str] = []

    async def update_alarms(self, code: AlarmCode, values: Mapping[str, Any]) -> None:
        if code is not AlarmCode.SOCKET_SILENT:
            return
        if bool(values) != bool(self.open):
            self.changes.append("raised" if values else "cleared")
        self.open = dict(values)


def health(notes: Notes, alarms: Alarms, silence: Callable[[], str]) -> Health:
    """The health of one process that listens to Slack."""

    class Socket:
        @property
        def silence(self) -> str:
            return silence()

    class Store:
        shared_notes = notes
        last_write_error = None

        async def probe(self) -> None:
            return None

    parts: dict[str, Any] = {"store": Store(), "alarms": alarms, "send": None, "socket": Socket()}
    return Health(clock=FixedClock(), **parts)


async def test_a_process_that_hears_slack_does_not_clear_the_alarm_of_one_that_does_not() -> None:
    notes, alarms, why = Notes(), Alarms(), ["no message for 5 minutes"]
    deaf, hears = health(notes, alarms, lambda: why[0]), health(notes, alarms, lambda: "")
    for _ in range(3):
        await deaf.check()
        await hears.check()
    assert alarms.changes == ["raised"]
    assert alarms.open == {"": {"reason": "no message for 5 minutes"}}
    why[0] = ""
    await hears.check()
    await deaf.check()
    assert alarms.changes == ["raised", "cleared"]
