"""A bot in a process of its own, under load: its secrets are replaced, and bodies that are too large are sent to it."""

import asyncio
import io
import os
import secrets
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

import bot
from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.bot_under_test import click, eventually, free_port
from tests.bot.signing import interaction_body, signed
from tests.waiting import LONGEST_WAIT, killed_when_it_hangs
from workflows.ports.audit_log import RECEIVED

PER_SECOND: Final = 50
NEW_SECRET: Final = "fedcba9876543210fedcba9876543210"
NEW_TOKEN: Final = "xoxb-new-token-of-the-same-app"
CALLS_AFTER_OLD: Final = 20
FAR: Final = datetime(2100, 1, 1, tzinfo=UTC)
OURS: Final = ("SLACK_", "AZURE_", "GRAPH_", "GATEHOUSE_", "DATABASE_URL", "PORT", "HOST")


@dataclass(slots=True)
class RunningBot:
    """A bot in a process of its own, with its secrets in files."""

    process: asyncio.subprocess.Process
    world: Sandbox
    session: aiohttp.ClientSession
    url: str
    health_url: str
    database: Path
    signing_file: Path
    token_file: Path
    old_secret: str
    tokens: list[str]
    """The tokens that the simulated Slack accepts."""
    refused_tokens: list[str] = field(default_factory=list)
    used_tokens: list[str] = field(default_factory=list)
    """The token of each of its calls to Slack, oldest first."""

    async def is_ready(self) -> bool:
        """Tell whether it says so."""
        try:
            async with self.session.get(f"{self.health_url}/readyz") as response:
                return response.status == 200
        except aiohttp.ClientConnectionError:
            return False

    async def click(self, secret: str) -> int:
        """Send a click of its own, signed with a secret; give the status."""
        value = f"R-ABCDEFGHI2:{secrets.token_hex(32)}"
        body = interaction_body(click("approver1", "approve", value))
        headers = signed(body, secret=secret, at=self.world.clock.now().timestamp())
        async with self.session.post(f"{self.url}/slack/events", data=body, headers=headers) as response:
            return response.status

    def resident_kilobytes(self) -> int:
        """Return the memory that it occupies."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise LookupError("it is gone")

    def stored_clicks(self) -> int:
        """Count the clicks in its records."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as records:
            # What became of a click is a row of its own.
            sql = "select count(*) from audit where command = 'want_approve' and outcome = ?"
            (row,) = records.execute(sql, [RECEIVED]).fetchall()
            return int(row[0])

    async def until_no_old_call(self) -> None:
        """Wait until calls that began with an earlier token have arrived: many others have come after them."""

        async def are_new() -> bool:
            return self.used_tokens[-CALLS_AFTER_OLD:] == [self.tokens[-1]] * CALLS_AFTER_OLD

        await eventually(are_new)

    def replace(self, path: Path, text: str) -> None:
        """Replace a file in one step, and have it read."""
        new = path.with_suffix(".new")
        new.write_text(text)
        new.replace(path)
        self.process.send_signal(signal.SIGHUP)


@pytest.fixture
async def running_bot(world: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RunningBot]:
    """Start it as `gatehouse run` does."""
    assert world.slack_simulator is not None
    port, health_port, own = free_port(), free_port(), world.slack_simulator.credentials
    given = world.bot_settings(port, health_port) | {"DATABASE_URL": f"sqlite:///{tmp_path}/gatehouse.db"}
    files = {"SLACK_SIGNING_SECRET": tmp_path / "signing", "SLACK_BOT_TOKEN": tmp_path / "token"}
    for name, path in files.items():
        path.write_text(given.pop(name) + "\n")
        given[f"{name}_FILE"] = str(path)
    usual = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    project = str(Path(bot.__file__).parents[1])
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        with (tmp_path / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run"),
                cwd=tmp_path,
                stdout=log,
                stderr=log,
                env=usual | {"NO_PROXY": "127.0.0.1,localhost", "PYTHONPATH": project} | given,
            )
        url, health_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{health_port}"
        running = RunningBot(
            process=process,
            world=world,
            session=session,
            url=url,
            health_url=health_url,
            database=tmp_path / "gatehouse.db",
            signing_file=files["SLACK_SIGNING_SECRET"],
            token_file=files["SLACK_BOT_TOKEN"],
            old_secret=own.signing_secret,
            tokens=[own.bot_token],
        )
        api: Any = world.slack_simulator._api
        check: Callable[..., None] = api._check_token

        def check_tokens(token: str, method: Any) -> None:
            running.used_tokens.append(token)
            if token not in running.tokens:
                running.refused_tokens.append(token)
            check(own.bot_token if token in running.tokens else "no", method)

        monkeypatch.setattr(api, "_check_token", check_tokens)
        await eventually(running.is_ready)
        world.bot = BotHandle(url=url, pid=lambda: 0, alive=lambda: True, health_url=health_url)
        yield running
        process.terminate()
        with killed_when_it_hangs(process):
            assert await process.wait() == 0
        assert NEW_SECRET not in (tmp_path / "log").read_text()
        assert NEW_TOKEN not in (tmp_path / "log").read_text()


class Clicks:
    """Fifty clicks a second until it is stopped, each with the secret that Slack signs with at that moment."""

    def __init__(self, running: RunningBot) -> None:
        self._running = running
        self.secret = running.old_secret
        self.sent: list[asyncio.Task[int]] = []
        self._clicking = asyncio.create_task(self._click())

    async def _click(self) -> None:
        while True:
            self.sent.append(asyncio.create_task(self._running.click(self.secret)))
            await asyncio.sleep(1 / PER_SECOND)

    async def some_are_answered(self) -> None:
        """Wait until as many more are answered as are sent in half a second, however long that takes."""
        so_far = len(self.sent)

        async def are_answered() -> bool:
            more = self.sent[so_far : so_far + PER_SECOND // 2]
            return len(more) == PER_SECOND // 2 and all(one.done() for one in more)

        await eventually(are_answered)

    async def use(self, secret: str) -> None:
        """Sign with another secret from now on, and wait until every click with the one before is answered."""
        self.secret, before = secret, list(self.sent)
        await asyncio.gather(*before)

    async def stop(self) -> list[int]:
        """Send no more, and give the statuses."""
        self._clicking.cancel()
        return await asyncio.gather(*self.sent)


@pytest.mark.load
@pytest.mark.threats("A11")
async def test_no_click_is_lost_while_both_secrets_are_replaced_and_the_old_one_is_refused_after_its_end(
    running_bot: RunningBot,
) -> None:
    clicks = Clicks(running_bot)
    await clicks.some_are_answered()
    running_bot.replace(running_bot.signing_file, f"{NEW_SECRET}\n{running_bot.old_secret} until {FAR.isoformat()}\n")
    probes = 0

    async def is_new_one_used() -> bool:
        nonlocal probes
        is_used = await running_bot.click(NEW_SECRET) == 200
        probes += is_used
        return is_used

    await eventually(is_new_one_used)
    assert probes == 1
    await clicks.use(NEW_SECRET)
    running_bot.tokens.append(NEW_TOKEN)
    running_bot.replace(running_bot.token_file, NEW_TOKEN)

    async def is_token_used() -> bool:
        return b"bot_token_replaced" in (running_bot.database.parent / "log").read_bytes()

    await eventually(is_token_used)
    await running_bot.until_no_old_call()
    running_bot.tokens.pop(0)
    # Nothing is signed with the old secret any more, however slow the machine is: it ends in two seconds.
    cut = running_bot.world.clock.now() + timedelta(seconds=2)
    running_bot.replace(running_bot.signing_file, f"{NEW_SECRET}\n{running_bot.old_secret} until {cut.isoformat()}\n")

    async def is_new_end_read() -> bool:
        return (running_bot.database.parent / "log").read_bytes().count(b"signing_secret_replaced") == 2

    await eventually(is_new_end_read)

    async def is_cut() -> bool:
        return running_bot.world.clock.now() >= cut

    await eventually(is_cut)
    old = [await running_bot.click(running_bot.old_secret) for _ in range(5)]
    await clicks.some_are_answered()
    statuses = await clicks.stop()
    assert len(statuses) > PER_SECOND
    assert set(statuses) == {200}, "not one was refused"
    assert old == [401] * 5
    assert running_bot.stored_clicks() == len(statuses) + probes, "each is stored, and once"
    assert running_bot.refused_tokens == [], "no call was made with the old token after it had ended"


@pytest.mark.load
@pytest.mark.threats("A9")
async def test_many_bodies_of_two_megabytes_occupy_no_memory(running_bot: RunningBot) -> None:
    async def send() -> None:
        body = io.BytesIO(b"0" * (2 * 1024 * 1024))
        async with running_bot.session.post(f"{running_bot.url}/slack/events", data=body) as response:
            assert response.status == 413

    assert await running_bot.world.status.idle(LONGEST_WAIT)  # its start imports what it needs for Microsoft Graph
    for _ in range(20):
        await send()
    growth = []
    for _ in range(3):  # what is imported meanwhile, for work that is due by the clock, grows it once
        before = running_bot.resident_kilobytes()
        for _ in range(100):
            await send()
        growth.append(running_bot.resident_kilobytes() - before)
        if growth[-1] < 20 * 1024:
            break
    assert min(growth) < 20 * 1024, f"of 200 megabytes that were sent each time: {growth}"
