"""A bot that is asked to end does end, at whatever moment of its start or of its run, and whatever hangs around it."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from bot.process.start_and_end import ENDED_BY_FORCE
from bot.sandbox.server import Sandbox
from tests.bot.bot_under_test import free_port
from tests.bot.process.ended_bots import kill_and_ask, said_by, start_bot
from tests.waiting import LONGEST_WAIT, killed_when_it_hangs
from tests.workflows.store.postgres.server import test_server
from workflows.core.audit.chain import written_key
from workflows.store.audit_keys import new_key

SEED: Final = "ENDING_SEED"
"""The variable that names the moments of a run; without it they are others each time. They are in each failure."""
ROUNDS: Final = "ENDING_ROUNDS"
"""The variable that says how often a bot is started with each store, in each way."""
USUAL_ROUNDS: Final = 8
ALL_TURNS: Final = 700
"""More turns of the loop than a start takes."""
ROOT: Final = Path(__file__).parents[3]
ENDED_BY_DEFAULT: Final = (0, -signal.SIGTERM, 128 + signal.SIGTERM)
"""A process that is no bot yet may end as every program does at SIGTERM."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database of each store."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/gatehouse.db"
        return
    with test_server().database() as name:
        yield test_server().url(name)


def settings_of(world: Sandbox, database: str, folder: Path) -> dict[str, str]:
    """What the environment of the bot has."""
    return {
        **world.bot_settings(free_port(), free_port()),
        "DATABASE_URL": database,
        "AUDIT_KEY": written_key(new_key()),
        "GATEHOUSE_GENERATION": str(folder / "generation"),
        "GATEHOUSE_TICK_SECONDS": "0.01",
        "GATEHOUSE_STOP_SECONDS": "0",
    }


@pytest.fixture(params=[False, True], ids=["http", "socket"])
async def slack(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A sandbox whose Slack sends its payloads in either way."""
    sandbox = Sandbox(tmp_path / "slack", socket_mode=request.param)
    await sandbox.start(0)
    yield sandbox
    await sandbox.stop()


@pytest.mark.crash
async def test_a_bot_ends_by_itself_at_whatever_moment_it_is_asked_to(
    slack: Sandbox, database: str, tmp_path: Path
) -> None:
    """One whose tasks lose a cancellation would end by force, and say so by its status."""
    seed = int(os.environ.get(SEED, time.time_ns() % 1_000_000))
    chance = random.Random(seed)
    settings = settings_of(slack, database, tmp_path)
    rounds = int(os.environ.get(ROUNDS, USUAL_ROUNDS))
    print(f"\nending: {rounds} times, {SEED}={seed}")
    for number in range(rounds):
        first = chance.randrange(1, ALL_TURNS)
        turns = (first, first + chance.randrange(1, 60))[: chance.randint(1, 2)]
        process = await asyncio.to_thread(start_bot, settings, tmp_path, turns)
        await asyncio.to_thread(process.join, LONGEST_WAIT)
        status = process.exitcode
        if status != 0:
            said = await asyncio.to_thread(kill_and_ask, process, tmp_path)
            pytest.fail(f"{SEED}={seed}, round {number}, at turns {turns}: status {status}\n{said[-6000:]}")


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.4])
async def test_a_process_that_has_hardly_begun_ends(world: Sandbox, tmp_path: Path, delay: float) -> None:
    settings = settings_of(world, f"sqlite:///{tmp_path}/gatehouse.db", tmp_path)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await asyncio.sleep(delay)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LONGEST_WAIT):
            assert await process.wait() in ENDED_BY_DEFAULT
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_the_first_process_of_a_container_hears_the_signal_while_it_imports() -> None:
    """The kernel passes no signal to it that it does not handle. Others end by the same signal with status -15."""
    code = """
import os, signal, sys, time
sys.argv = ["gatehouse", "run"]
import bot.__main__, bot.process.run
def run_bot():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(600)
bot.process.run.run_bot = run_bot
bot.__main__.main()
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=LONGEST_WAIT)
    assert ended.returncode == 128 + signal.SIGTERM


@asynccontextmanager
async def silent_server() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Give the address of a server that accepts connections and never answers, and whether somebody has asked it."""
    asked = asyncio.Event()
    writers = list[asyncio.StreamWriter]()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.read(1)
        asked.set()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        for writer in writers:
            writer.close()
        server.close()


@pytest.mark.parametrize("who", ["Slack", "Entra"])
async def test_a_start_that_waits_for_somebody_who_is_silent_is_given_up(
    world: Sandbox, database: str, tmp_path: Path, who: str
) -> None:
    """Otherwise each question has its own time, and the process ends after their sum."""
    async with silent_server() as (url, asked):
        silent = {"Slack": {"SLACK_API_URL": f"{url}/api/"}, "Entra": {"GRAPH_URL": f"{url}/v1.0"}}[who]
        settings = settings_of(world, database, tmp_path) | silent
        process = await asyncio.to_thread(start_bot, settings, tmp_path)
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await asked.wait()
            process.terminate()
            await asyncio.to_thread(process.join, LONGEST_WAIT)
            said = said_by(tmp_path)
            assert process.exitcode == 0, said
            assert '"ready"' not in said
            assert said.count('"stopping"') == 1
        finally:
            process.kill()


def test_a_process_that_hangs_ends_by_force_and_says_for_what_it_waited(tmp_path: Path) -> None:
    """Also when the one who reads its log hangs. The interpreter waits for such a thread without a limit."""
    code = """
import sys, threading, time
from bot.process.start_and_end import LastResort
def say(names):
    print(*names, flush=True)
    time.sleep(600)
last_resort = LastResort(say, lambda: [one.name for one in threading.enumerate()])
threading.Thread(target=time.sleep, args=(600,), name="hangs").start()
last_resort.within(600)
last_resort.within(0.1)
last_resort.within(600)
"""
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=ROOT, timeout=LONGEST_WAIT, capture_output=True, text=True)
    assert ended.returncode == ENDED_BY_FORCE, ended.stderr
    assert "hangs" in ended.stdout.split()


async def test_a_bot_whose_disk_hangs_ends_by_force_and_says_so(world: Sandbox, database: str, tmp_path: Path) -> None:
    """A file that nobody writes blocks its reader, as a folder on a server does that is away. Its thread never ends."""
    generation = tmp_path / "generation"
    generation.mkdir()
    os.mkfifo(generation / "hangs.json")
    settings = settings_of(world, database, tmp_path)
    process = await asyncio.to_thread(partial(start_bot, settings, tmp_path, is_forced_soon=True))
    with killed_when_it_hangs(process):
        while '"ready"' not in said_by(tmp_path):
            assert process.exitcode is None, said_by(tmp_path)
            await asyncio.sleep(0.05)
        process.terminate()
        await asyncio.to_thread(process.join)
    said = [json.loads(line) for line in said_by(tmp_path).splitlines()]
    assert process.exitcode == ENDED_BY_FORCE, said
    [forced] = [line for line in said if line["event"] == "ended_by_force"]
    assert any(name.startswith("asyncio_") for name in forced["waited_for"]), "a thread"
