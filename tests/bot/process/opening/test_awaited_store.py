"""While a bot waits for its records, and when they can be opened at last, each question about it is answered."""

import asyncio
import socket
from contextlib import ExitStack
from typing import Any, Final

import pytest

from bot.process.app import running
from bot.process.settings import Settings
from tests.waiting import LONGEST_WAIT
from tests.warm.short_pauses import SHORT_PAUSES
from workflows.ports.records import StoreUnusable
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
