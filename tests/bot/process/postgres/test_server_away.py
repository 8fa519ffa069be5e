"""A server of the records that is away at the start, or goes away and comes back, with clicks all the time."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
import structlog

from bot.process.app import Stopping, running
from bot.process.opening.readers import SystemClock
from bot.process.opening.start_checks import EndedBeforeStart
from bot.process.settings import Settings
from bot.sandbox.server import Sandbox
from bot.terminal.stopped_work_command import open_records
from tests.bot.bot_under_test import click, eventually, health_url_of
from tests.bot.process.postgres.conftest import ON_HOME, started
from tests.waiting import LONGEST_WAIT, killed_when_it_hangs
from tests.warm.short_pauses import SHORT_PAUSES
from tests.workflows.store.postgres.trouble.own_server import OwnServer, own_server
from workflows.core.audit.chain import ChainPoint
from workflows.ports.records import StoreNotWritable, StoreTrouble
from workflows.store.postgres.opening.use_lock import UseLock
from workflows.store.postgres.store import PostgresStore

PASSWORD = "canary-word"
PROBE = aiohttp.ClientTimeout(total=LONGEST_WAIT)
"""Each probe of a process that listens is answered."""
ROOT = Path(__file__).parents[4]


@pytest.fixture
def server() -> Iterator[OwnServer]:
    """A server that this test stops and starts."""
    guarded = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    with own_server(hba=guarded) as one:
        one.run(f"create role ours login password '{PASSWORD}'", "create database ours owner ours")
        yield one


@pytest.fixture
def address(server: OwnServer) -> str:
    """Its address."""
    return server.far_url("ours", "ours", PASSWORD)


async def read(settings: Settings, path: str) -> tuple[int, str]:
    """What a bot says about itself; 0 while nobody listens."""
    with suppress(aiohttp.ClientConnectorError):
        async with (
            aiohttp.ClientSession(timeout=PROBE) as session,
            session.get(f"{health_url_of(settings)}{path}") as response,
        ):
            return response.status, await response.text()
    return 0, ""


@asynccontextmanager
async def starting(settings: Settings, stopping: Stopping) -> AsyncIterator[asyncio.Task[None]]:
    """A bot that starts in a task."""

    async def start() -> None:
        async with running(settings, SHORT_PAUSES, stopping=stopping):
            await stopping.asked.wait()

    task = asyncio.create_task(start())
    try:
        yield task
    finally:
        if not stopping.is_asked:
            stopping.ask()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_server_that_is_away_at_the_start_is_waited_for_and_said(settings: Settings, server: OwnServer) -> None:
    server.stop()

    async def is_waiting() -> bool:
        return (await read(settings, "/readyz"))[0] == 503

    async def is_ready() -> bool:
        return (await read(settings, "/readyz"))[0] == 200

    async with starting(settings, Stopping()) as task:
        await eventually(is_waiting)
        _, said = await read(settings, "/readyz")
        assert said.startswith("the records cannot be opened: ours at 127.0.0.1 cannot be used as a database (")
        assert said.endswith("; start it, or correct DATABASE_URL\n")
        assert said.count("\n") == 1
        assert PASSWORD not in said
        assert await read(settings, "/healthz") == (200, "ok\n"), "it need not be started again"
        assert "gatehouse_ready 0.0\n" in (await read(settings, "/metrics"))[1]
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", settings.port)
        server.start()
        await eventually(is_ready)
        assert not task.done()
        assert "gatehouse_ready 1.0\n" in (await read(settings, "/metrics"))[1]


async def test_a_server_that_goes_away_again_while_a_bot_starts_is_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could be opened, and then not be read. The next try finds it."""
    left, chain_end = [StoreTrouble.AWAY, StoreTrouble.CANCELED], PostgresStore.chain_end

    async def fails_at_first(store: PostgresStore) -> ChainPoint:
        if left:
            raise StoreNotWritable(left.pop())
        return await chain_end(store)

    monkeypatch.setattr(PostgresStore, "chain_end", fails_at_first)
    with structlog.testing.capture_logs() as lines:
        async with running(settings, SHORT_PAUSES) as parts:
            assert await parts.store.probe() is None
    reasons = [line["reason"] for line in lines if line["event"] == "records_not_opened"]
    assert [one.partition(" cannot be used now: ")[2] for one in reasons] == [
        "the database ended a statement before it was done",
        "the database does not answer",
    ]


async def test_a_bot_that_starts_beside_a_command_that_must_be_alone_waits_for_its_end(settings: Settings) -> None:
    command = await settings.records.open(SystemClock())

    async def is_waiting() -> bool:
        return (await read(settings, "/readyz"))[0] == 503

    async def is_ready() -> bool:
        return (await read(settings, "/readyz"))[0] == 200

    async with starting(settings, Stopping()) as task:
        await eventually(is_waiting)
        assert "another process uses ours at 127.0.0.1; stop it first" in (await read(settings, "/readyz"))[1]
        await command.close()
        await eventually(is_ready)
        assert not task.done()


async def test_a_command_that_can_work_beside_a_bot_tries_once_whether_it_is_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot that starts meanwhile would find it alone."""
    tries, try_to_hold = list[UseLock](), UseLock.try_to_hold

    async def counted(lock: UseLock) -> bool:
        tries.append(lock)
        return await try_to_hold(lock)

    bot = await settings.records.open_for_bot(SystemClock())
    monkeypatch.setattr(UseLock, "try_to_hold", counted)
    store, is_alone = await open_records(settings.records, SystemClock())
    await store.close()
    assert (len(tries), is_alone) == (1, False)
    await bot.close()
    store, is_alone = await open_records(settings.records, SystemClock())
    await store.close()
    assert (len(tries), is_alone) == (2, True)


async def test_a_bot_that_waits_ends_when_it_is_asked_to(settings: Settings, server: OwnServer) -> None:
    server.stop()
    stopping = Stopping()

    async def is_waiting() -> bool:
        return (await read(settings, "/readyz"))[0] == 503

    async with starting(settings, stopping) as task:
        await eventually(is_waiting)
        stopping.ask()
        with pytest.raises(EndedBeforeStart):
            await task


async def test_no_click_is_lost_when_the_server_goes_away_and_comes_back(
    settings: Settings, world: Sandbox, server: OwnServer
) -> None:
    """Each click that was answered with 200 is in the log, once. Slack shows of each other one that it failed."""
    async with started(settings, world) as bot:
        bot.store._pool.timeout = 0.5  # type: ignore[attr-defined]
        answers: dict[int, int] = {}

        async def clicking() -> None:
            number = 0
            while True:
                number += 1
                answers[number] = (await bot.interact(click("admin", "retry_effect", str(number), **ON_HOME))).status

        clicks = asyncio.create_task(clicking())
        await eventually(lambda: has(answers, 200, 3))
        await asyncio.to_thread(server.stop, "immediate")
        await eventually(lambda: has(answers, 503, 3))

        async def is_red() -> bool:
            status, text = await bot.readiness()
            return status == 503 and text == "the records cannot be written: the database does not answer\n"

        await eventually(is_red)
        before = list(answers.values()).count(200)
        await asyncio.to_thread(server.start)
        await eventually(bot.is_ready)
        await eventually(lambda: has(answers, 200, before + 3))
        clicks.cancel()
        await asyncio.gather(clicks, return_exceptions=True)
        await bot.idle()
        assert set(answers.values()) == {200, 503}
        received = [entry for entry in await bot.history() if entry.outcome == "received"]
        acknowledged = {number for number, status in answers.items() if status == 200}
        stored = [int(str(entry.details["effect_id"])) for entry in received]
        assert len(stored) == len(set(stored))
        assert acknowledged <= set(stored)
        assert len(set(stored) - acknowledged) <= 1, "the one whose answer was lost with the server"


async def has(answers: dict[int, int], status: int, count: int) -> bool:
    """Tell whether so many clicks were answered so."""
    return list(answers.values()).count(status) >= count


async def ended(settings: Settings, until: bytes, number: int | None, **changes: str) -> tuple[int | None, str]:
    """Run `gatehouse run`, send a signal when it has said something, and return its status and everything it said."""
    environment = {**os.environ, **changes}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        env=environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    text = b""
    with killed_when_it_hangs(process):
        while line := await process.stdout.readline():
            text += line
            if number is not None and until in line:
                process.send_signal(number)
                number = None
        return await process.wait(), text.decode()


async def test_a_wrong_password_ends_the_process_with_one_line(settings: Settings, server: OwnServer) -> None:
    status, said = await ended(settings, b"", None, DATABASE_URL=server.far_url("ours", "ours", "other-canary"))
    assert status == 2
    assert said.splitlines()[-2:-1] == ["Gatehouse cannot start:"]
    assert said.splitlines()[-1].startswith("- DATABASE_URL: ours at 127.0.0.1 cannot be used as a database (")
    assert said.endswith("; correct the user or the password in DATABASE_URL\n")
    assert "canary" not in said


async def test_a_process_that_waits_for_its_server_says_so_once_and_ends_cleanly(
    settings: Settings, server: OwnServer
) -> None:
    server.stop()
    status, said = await ended(settings, b"records_not_opened", signal.SIGTERM)
    assert status == 0, said
    assert said.count("records_not_opened") == 1
    assert "start it, or correct DATABASE_URL" in said
    assert "canary" not in said


async def test_what_was_stored_before_a_stop_is_performed_by_the_next_process(
    settings: Settings, world: Sandbox
) -> None:
    async with started(settings, world) as bot:
        request = await bot.file_request()
        assert bot.store.last_write_error is None
    async with started(settings, world) as next_bot:
        assert await next_bot.store.request(request.id) is not None
