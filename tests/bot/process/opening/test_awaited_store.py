"""While a bot waits at its start, each question about it is answered, and says for what it waits."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final, cast

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.process.app import running
from bot.process.opening import start_checks
from bot.process.opening.start_checks import Start, store_outage
from bot.process.settings import Settings
from bot.process.web.connections import HealthListener
from tests.bot.bot_under_test import eventually, health_url_of
from tests.waiting import LONGEST_WAIT
from tests.warm.short_pauses import SHORT_PAUSES
from tests.workflows.fakes import FixedClock
from workflows.ports.records import StoreNotWritable, StoreTrouble, StoreUnusable
from workflows.store.generation_place import FilePlace
from workflows.store.location import OpenStore, StoreLocation

TURNS: Final = 6
"""How many turns of the event loop before the end of the wait somebody asks at the earliest."""


async def answer_of(asking: socket.socket) -> bytes:
    """The first line of an answer; empty when the connection ended without one."""
    loop, text = asyncio.get_running_loop(), b""
    try:
        while b"\r\n" not in text and (part := await loop.sock_recv(asking, 100)):
            text += part
    except ConnectionError:
        return b""
    return text.partition(b"\r\n")[0]


async def test_who_asks_just_when_the_records_can_be_opened_gets_an_answer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection may not be accepted yet then, or accepted a moment ago."""
    open_now, tries, asking = StoreLocation.open_for_bot, list[None](), list[socket.socket]()

    async def open_later(location: StoreLocation, *given: Any) -> OpenStore:
        tries.append(None)
        if len(tries) == 1:
            raise StoreUnusable("the server starts", is_temporary=True)
        store = await open_now(location, *given)
        for _ in range(TURNS):
            one = closing.enter_context(socket.create_connection(("127.0.0.1", settings.gatehouse_health_port)))
            one.setblocking(False)
            one.send(b"GET /readyz HTTP/1.1\r\nHost: bot\r\n\r\n")
            asking.append(one)
            await asyncio.sleep(0)
        return store

    monkeypatch.setattr(StoreLocation, "open_for_bot", open_later)
    with ExitStack() as closing:
        async with running(settings, SHORT_PAUSES):
            answers = await asyncio.wait_for(asyncio.gather(*map(answer_of, asking)), LONGEST_WAIT)
    assert len(answers) == TURNS
    assert set(answers) <= {b"HTTP/1.1 503 Service Unavailable", b"HTTP/1.1 200 OK"}


async def test_a_start_whose_place_of_the_generation_does_not_answer_names_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a folder on a server that hangs. What is read there is compared when it answers."""
    answers, read_now = asyncio.Event(), FilePlace.read

    async def read_later(place: FilePlace, installation: str) -> Any:
        await answers.wait()
        return await read_now(place, installation)

    monkeypatch.setattr(FilePlace, "read", read_later)
    monkeypatch.setattr(start_checks, "START_WAIT_LOGGED_AFTER", timedelta(seconds=0.2))
    why = f"the records are compared with {settings.gatehouse_generation}"
    with capture_logs() as logged:
        async with running(settings, SHORT_PAUSES), aiohttp.ClientSession() as session:

            async def says(status: int, text: str) -> bool:
                async with session.get(f"{health_url_of(settings)}/readyz") as answer:
                    return (answer.status, await answer.text()) == (status, text)

            assert await says(503, f"starting: {why}\n")
            answers.set()
            await eventually(lambda: says(200, "ready\n"))
    waits = [line for line in logged if line["event"].startswith("start_")]
    assert [(line["event"], line.get("reason")) for line in waits] == [("start_waits", why), ("start_goes_on", None)]


class _Beside:
    """What a bot sees of another one that starts and ends its start, with a database that is away in between."""

    def __init__(self) -> None:
        self.worker_reads = 0
        self.is_free = False

    @asynccontextmanager
    async def leading(self, name: str) -> AsyncIterator[bool]:
        """Have the lead as soon as the other one is ready."""
        yield self.is_free

    async def beat(self) -> bool:
        """Fail once."""
        self.worker_reads += 1
        if self.worker_reads == 1:
            raise StoreNotWritable(StoreTrouble.AWAY)
        self.is_free = True
        return True

    async def leader(self, name: str) -> int | None:
        """Say that nobody has it any more."""
        return None

    async def resign(self, name: str) -> None:
        """Do nothing."""


async def test_a_database_that_is_away_while_a_start_waits_for_another_one_does_not_end_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_checks, "START_STORED_AGAIN_AFTER", timedelta())
    begun = list[str]()

    async def begin(*, takes_now: bool) -> None:
        begun.append("compared")

    async def no_gap(**_: Any) -> None:
        begun.append("gap")

    monkeypatch.setattr(start_checks, "store_gap_at_start", no_gap)
    store = SimpleNamespace(shared_queue=_Beside())
    held = SimpleNamespace(begin=begin, place=SimpleNamespace(name="a folder"))
    start = Start(is_ending=asyncio.Event(), listener=HealthListener(settings))
    await store_outage(cast(Any, store), FixedClock(), cast(Any, held), start)
    assert begun == ["compared", "gap"]
    assert start.waits_for == ""
