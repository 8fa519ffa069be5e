"""Hundreds of open connections delay nobody, and do not fill the disk."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import aiohttp
import pytest

from tests.scenarios.stage import Stage
from tests.waiting import LONGEST_WAIT

pytestmark = [pytest.mark.story, pytest.mark.load]

HALF_HEADER = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nX-Sl"
HALF_BODY = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ncommand="

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def held(url: str, count: int, sent: bytes) -> AsyncIterator[list[Streams]]:
    """Keep connections open without sending a complete request."""
    place = urlsplit(url)

    async def one() -> Streams:
        streams = await asyncio.open_connection(place.hostname, place.port)
        streams[1].write(sent)
        return streams

    connections = [await one() for _ in range(count)]
    try:
        yield connections
    finally:
        for _, writer in connections:
            writer.close()


async def ended(streams: Streams) -> None:
    """Wait until the other side hangs up."""
    try:
        while await streams[0].read(1000):
            pass
    except ConnectionError:
        return


def log_size(stage: Stage) -> int:
    """How much the bot has written."""
    return (stage.data / "bot.log").stat().st_size


async def log_size_at_rest(stage: Stage, bot: dict[str, str]) -> int:
    """Return how much the bot has written once it has answered a command and nothing of its start is left to do."""
    await answer(bot)
    await stage.rest()
    return log_size(stage)


def is_open(streams: Streams) -> bool:
    """Tell whether the other side has not hung up."""
    return not streams[0].at_eof() and streams[0].exception() is None


async def answer_while_open(bot: dict[str, str], sent: bytes) -> None:
    """Send a signed command while one more connection is open, which must still be open when it is answered."""
    async with held(bot["url"], 1, sent) as [last]:
        await answer(bot)
        assert is_open(last), "the command waited until the connection was closed"


async def answer(bot: dict[str, str]) -> None:
    """Send a signed command as Slack does, and wait for the answer."""
    fields = {"command": "/partner", "text": "help", "team_id": bot["team_id"], "user_id": "U0RILEY0001"}
    body = urlencode({**fields, "trigger_id": "1.2.3", "channel_id": "C0PARTNERAC", "response_url": ""}).encode()
    at = str(int(time.time()))
    signature = hmac.new(bot["signing_secret"].encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={signature}",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{bot['url']}/slack/events", data=body, headers=headers) as response,
    ):
        assert response.status == 200, await response.text()


@pytest.mark.threats("A10")
async def test_five_hundred_idle_connections_and_incomplete_headers_delay_no_click(stage: Stage) -> None:
    bot = await stage.see("bot")
    before = await log_size_at_rest(stage, bot)
    async with held(bot["url"], 500, b"") as idle, held(bot["url"], 500, HALF_HEADER) as setup:
        for sent in (b"", HALF_HEADER) * 5:
            await answer_while_open(bot, sent)
        async with asyncio.timeout(LONGEST_WAIT):
            await asyncio.gather(*map(ended, [*idle, *setup]))
        await answer(bot)
    assert log_size(stage) - before < 10_000
    assert await stage.ask(), "the story goes on"


@pytest.mark.threats("A10")
async def test_five_hundred_incomplete_bodies_delay_no_click(stage: Stage) -> None:
    bot = await stage.see("bot")
    before = await log_size_at_rest(stage, bot)
    async with held(bot["url"], 500, HALF_BODY) as setup:
        for _ in range(5):
            await answer_while_open(bot, HALF_BODY)
        async with asyncio.timeout(LONGEST_WAIT):
            await asyncio.gather(*map(ended, setup))
    assert log_size(stage) - before < 10_000


@pytest.mark.threats("A4")
async def test_thousands_of_unsigned_requests_fill_no_disk(stage: Stage) -> None:
    bot = await stage.see("bot")
    before = await log_size_at_rest(stage, bot)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=50)) as session:

        async def knock(number: int) -> int:
            body = b"x" * (number % 50)
            async with session.post(f"{bot['url']}/slack/events", data=body) as response:
                return response.status

        statuses = await asyncio.gather(*map(knock, range(3000)))
    assert set(statuses) == {401}
    assert log_size(stage) - before < 10_000
    await answer(bot)


async def test_at_the_limit_of_file_descriptors_clicks_are_answered_and_the_log_stays_small(tmp_path: Path) -> None:
    """The cap is derived from the limit, so that what the bot itself needs is never taken by others."""
    stage = Stage(data=tmp_path / "data", descriptors=256)
    await stage.start()
    try:
        bot = await stage.see("bot")
        before = await log_size_at_rest(stage, bot)
        async with held(bot["url"], 600, HALF_HEADER):
            for _ in range(5):
                await answer_while_open(bot, HALF_HEADER)
        assert log_size(stage) - before < 10_000
        log = (stage.data / "bot.log").read_text()
        assert "Too many open files" not in log
        assert all(json.loads(line) for line in log.splitlines())
        assert await stage.ask(), "the story goes on"
    finally:
        await stage.stop()
