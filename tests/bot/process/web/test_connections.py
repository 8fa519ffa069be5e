"""Open connections without a request do no harm: they end soon, and the oldest is closed first."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.process.web import connections
from bot.process.web.connections import connection_limit, make_runner
from tests.waiting import LONGEST_WAIT

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nHo"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(most: int, *, slow: asyncio.Event | None = None) -> AsyncIterator[int]:
    """Serve on a free port; `/slow` answers after the event. Gives the port."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="here\n")

    async def answer_late(_: web.Request) -> web.Response:
        assert slow is not None
        await slow.wait()
        return web.Response(text="late\n")

    app = web.Application()
    app.router.add_get("/", answer)
    app.router.add_get("/slow", answer_late)
    runner = make_runner(app, most)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def connected(port: int, sent: bytes = b"") -> Streams:
    """Open a connection and send something that is not a whole request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    return reader, writer


async def ended(streams: Streams, seconds: float = LONGEST_WAIT) -> bool:
    """Tell whether the other side hangs up within this time."""
    try:
        return await asyncio.wait_for(streams[0].read(1), seconds) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    finally:
        streams[1].close()


async def asked(port: int, request: bytes = GET) -> bytes:
    """Ask and read until the connection ends."""
    reader, writer = await connected(port, request)
    try:
        return await asyncio.wait_for(reader.read(), LONGEST_WAIT)
    finally:
        writer.close()


@pytest.mark.parametrize("sent", [b"", HALF, GET[:-2]], ids=["nothing", "half a header", "all but the end"])
async def test_a_connection_whose_headers_do_not_come_is_closed(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.2)
    async with serving(9) as port:
        assert await ended(await connected(port, sent))


async def test_headers_that_drip_are_not_waited_for_any_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time counts from the connection's first moment, not from its last byte."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.3)
    async with serving(9) as port:
        reader, writer = await connected(port, HALF)
        for _ in range(20):
            await asyncio.sleep(0.05)
            writer.write(b"x")
        assert await ended((reader, writer))


async def test_an_answer_ends_its_connection() -> None:
    """A kept one could be closed by us at the moment when a proxy sends a click on it."""
    async with serving(9) as port:
        answer = await asked(port)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert answer.endswith(b"here\n")


@pytest.mark.parametrize("sent", [b"", HALF], ids=["idle", "half a header"])
async def test_beyond_the_cap_the_oldest_that_said_nothing_makes_room(sent: bytes) -> None:
    async with serving(5) as port:
        held = [await connected(port, sent) for _ in range(5)]
        await asyncio.sleep(0.05)
        assert (await asked(port)).endswith(b"here\n")
        assert await ended(held[0]), "the oldest"
        assert not await ended(held[4], 0.05)
        for _, writer in held:
            writer.close()


async def test_a_request_under_way_never_makes_room() -> None:
    """While each connection has one, a new one is closed: it will come again."""
    slow = asyncio.Event()
    async with serving(3, slow=slow) as port:
        under_way = [asyncio.create_task(asked(port, b"GET /slow HTTP/1.0\r\n\r\n")) for _ in range(3)]
        await asyncio.sleep(0.1)
        refused = await asyncio.gather(asked(port), return_exceptions=True)
        assert refused[0] == b"" or isinstance(refused[0], ConnectionError)
        slow.set()
        assert [answer[-5:] for answer in await asyncio.gather(*under_way)] == [b"late\n"] * 3
        assert (await asked(port)).endswith(b"here\n")


@pytest.mark.parametrize(
    ("allowed", "most"), [(256, 128), (1024, 512), (20_000, 1000), (20, 10), (resource.RLIM_INFINITY, 1000)]
)
def test_the_cap_leaves_file_descriptors_for_everything_else(
    monkeypatch: pytest.MonkeyPatch, allowed: int, most: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (allowed, allowed))
    assert connection_limit() == most


@pytest.mark.parametrize(
    "sent",
    [b"POST \x00 HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n"],
)
async def test_what_is_no_http_is_refused_without_a_traceback(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Anybody can send it; its bytes are not logged."""
    async with serving(9) as port:
        with capture_logs() as logged:
            answer = await asked(port, sent)
    assert answer.split()[1] == b"400"
    assert [(one["event"], one["log_level"]) for one in logged] in ([("not_http", "warning")], [])
    assert [one for one in caplog.records if one.exc_info or one.levelname == "ERROR"] == []


async def test_the_end_of_a_server_waits_for_no_answer_that_does_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot that waited for its records would start a minute later when somebody asks at that moment."""
    monkeypatch.setattr(connections, "_ENDING_SECONDS", 0.2)
    async with asyncio.timeout(LONGEST_WAIT):
        async with serving(8, slow=asyncio.Event()) as port:
            waiting = await connected(port, GET.replace(b"GET /", b"GET /slow"))
            assert b"here" in await asked(port)
        assert await ended(waiting)
