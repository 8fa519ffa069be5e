"""A sandbox in this process and the bot as a forked child that may kill itself; it is then started again.

People do not give up: what was not acknowledged they do again. What was acknowledged they never repeat, so that it
is noticed when it is lost.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout

from bot.process.opening.readers import SystemClock
from bot.sandbox.http.faults import Faults
from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.bot_under_test import free_port
from tests.crash.labelled import run_labelled_bot
from tests.crash.points import ARMED, Point, was_killed_in
from tests.scenarios.stage import CHANNEL, DAY, UNLIMITED, Stage
from tests.stores.bot_database import bot_database, note_use
from tests.waiting import LONGEST_CALL, LONGEST_WAIT, killed_when_it_hangs
from tests.warm.forks import start_forked
from tests.warm.kept_world import KeptWorld
from tests.warm.short_pauses import STORY_PAUSES
from workflows.ports.store import Store

Seen = Callable[[], Awaitable[object]]
_NOT_ACKNOWLEDGED: Final = ("operation_timeout", "dispatch_failed")
_TRY_AGAIN: Final = "nothing was sent. Try again in a minute."
"""What a window says when Graph was read too late, as on a slow machine, or by a bot that has just started."""
_CLOCK: Final = "clock"
"""The file of a sandbox's clock: the seconds that it is ahead of the machine's."""
_KEPT_AT: Final = "kept_at"
_FEW_SECONDS: Final = 65
"""So far the clock is moved when something waits for its next attempt."""


@dataclass(kw_only=True)
class CrashStage(Stage):
    """One sandbox and its bot, with the words of the stories."""

    kill_at: Point | None = None
    """Where the first process kills itself; None: nowhere."""
    faults: Faults | None = None
    """What fails in the simulated services; None: what is asked for."""
    patience: float | None = None
    """After how many seconds the bot takes a call for lost; None: as in production."""
    kills: int = 0
    """How many processes have killed themselves."""
    points: Path = field(init=False)
    """Where reached points are recorded."""
    sandbox: Sandbox = field(init=False)
    _bot: ForkServerProcess | None = None
    _keeper: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.points = self.data.parent / "points"

    async def start(self) -> None:
        """Start the sandbox, and its bot."""
        self.points.mkdir(parents=True, exist_ok=True)
        self.sandbox = Sandbox(self.data)
        if self.faults is not None:
            self.sandbox.faults = self.faults
        await self.sandbox.start(0)
        self.url = self.sandbox.url
        self._session = ClientSession(timeout=ClientTimeout(total=LONGEST_CALL))
        note_use(self.database)
        await asyncio.to_thread(self.database.put_new)
        port, health_port = free_port(), free_port()
        settings = {
            **self.sandbox.bot_settings(port, health_port),
            **self.database.settings,
            "GATEHOUSE_GENERATION": str(self.data / "generation"),
            "GATEHOUSE_TICK_SECONDS": "0.2",
            **UNLIMITED,
            **self.environment,
        }
        self.sandbox.bot = BotHandle(
            url=f"http://127.0.0.1:{port}",
            health_url=f"http://127.0.0.1:{health_port}",
            pid=self._pid,
            alive=self._is_alive,
        )
        self._keeper = asyncio.create_task(self._keep_running(settings))
        await self.until_ready()

    def _pid(self) -> int:
        return 0 if self._bot is None or self._bot.pid is None else self._bot.pid

    def _is_alive(self) -> bool:
        return self._bot is not None and self._bot.is_alive()

    async def _keep_running(self, settings: dict[str, str]) -> None:
        """Start the bot, and start it again after each end, without another kill."""
        while True:
            kill_at = None if self.kills else self.kill_at
            self._bot = bot = await asyncio.to_thread(
                start_forked,
                run_labelled_bot,
                settings,
                self.data,
                self.points,
                kill_at,
                self.patience,
                STORY_PAUSES,
            )
            while bot.exitcode is None:
                await asyncio.to_thread(bot.join, LONGEST_WAIT)  # it runs as long as the story
            assert was_killed_in(self.points), (bot.exitcode, (self.data / "bot.log").read_text()[-300:])
            self.kills += 1

    async def stop(self, number: int = 0) -> int:
        """End both."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._bot is not None:
            self._bot.terminate()
            with killed_when_it_hangs(self._bot):
                await asyncio.to_thread(self._bot.join)
        if self._session is not None:
            await self._session.close()
        await self.sandbox.stop()
        return number

    def arm(self) -> None:
        """Count points from now on."""
        (self.points / ARMED).touch()

    def disarm(self) -> None:
        """Count no more points."""
        (self.points / ARMED).unlink(missing_ok=True)

    async def until_ready(self) -> None:
        """Wait until a bot answers that it is ready."""
        assert self.sandbox.bot is not None
        url = self.sandbox.bot.health_url

        async def is_ready() -> bool:
            if self._keeper is not None and self._keeper.done():
                self._keeper.result()
            return await self._is_ready(url)

        await self.until(is_ready, "a ready bot")

    async def rest(self) -> None:
        """Wait until the bot, or the one after it, has nothing due to do."""
        await self.until_ready()
        await super().rest()

    # --- people who do not give up ---

    async def persist(self, what: str, act: Callable[[], Awaitable[dict[str, Any]]], done: Seen) -> None:
        """Do something, again while it is not acknowledged or a window says so, and wait until its effect is seen."""
        until = time.monotonic() + LONGEST_WAIT
        while True:
            answer = await act()
            if answer["ok"] and not answer.get("errors"):
                break
            if not answer["ok"] and answer["error"] not in _NOT_ACKNOWLEDGED:
                assert await self.seen(done), (what, answer)
                break
            assert not answer["ok"] or all(_TRY_AGAIN in text for text in answer["errors"].values()), (what, answer)
            assert time.monotonic() < until, (what, answer)
            await self.until_ready()
        await self.see_in_time(what, done)

    async def see_in_time(self, what: str, done: Seen) -> None:
        """Wait until something is seen, however many attempts that takes."""
        for _ in range(6):
            await self.rest()
            if await self.seen(done):
                return
            await self.do("clock", advance_seconds=_FEW_SECONDS)
        raise AssertionError(f"acknowledged and lost: {what}; killed at {self.kill_at}")

    async def window_of(self, user: str, action_id: str, message: dict[str, Any], channel: str) -> dict[str, Any]:
        """Press a button that opens a window, again while none opens; return the window as it settles.

        None opens when Slack or the bot is slow: the person is told so, and nothing was done.
        """
        body = {"user": user, "action_id": action_id, "channel": channel, "ts": message["ts"]}
        return await self._window(user, "click", body)

    async def window_by_command(self, user: str, text: str) -> dict[str, Any]:
        """Type a command that opens a window; see `window_of`."""
        return await self._window(user, "command", {"user": user, "text": text})

    async def revoke(
        self, typed: str = "contoso.com", user: str = "admin", domain: str = "contoso.com"
    ) -> dict[str, Any]:
        """Revoke by command, when the window is no longer being read."""
        view = await self.window_by_command(user, f"/partner revoke {domain}")
        values = {"confirm": {"confirm": typed}, "reason": {"reason": "Project ended"}}
        answer = await self.do("submit", user=user, view_id=view["id"], values=values)
        await self.rest()
        return answer

    async def _window(self, user: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        async def is_open() -> bool:
            answer = await self.call("POST", path, body)
            assert answer["ok"] or answer["error"] in _NOT_ACKNOWLEDGED, answer
            await self.rest()
            views = (await self.see("views", user=user))["views"]
            found.extend(one for one in views if one["id"] == answer.get("opened"))
            return bool(found)

        await self.until(is_open, f"a window of {body}")
        return found[-1]

    async def seen(self, done: Seen) -> bool:
        """Look once; what cannot be found is not seen."""
        return bool(await done())

    async def click_on(self, user: str, action_id: str, ts: str, done: Seen, channel: str = CHANNEL) -> None:
        """Press a button until it is acknowledged and its effect is seen."""
        body = {"user": user, "action_id": action_id, "channel": channel, "ts": ts}
        await self.persist(f"{user} {action_id}", lambda: self.call("POST", "click", body), done)

    async def send_view(self, user: str, view_id: str, values: dict[str, Any], done: Seen) -> None:
        """Submit a window until it is acknowledged and its effect is seen."""
        body = {"user": user, "view_id": view_id, "values": {name: {name: value} for name, value in values.items()}}
        await self.persist(f"{user} submits", lambda: self.call("POST", "submit", body), done)

    async def pass_time(self, seconds: int) -> None:
        """Let time pass at once, and let what is due then be done, whatever ends meanwhile."""
        await self.rest()
        await self.do("clock", advance_seconds=seconds)
        await self.until_ready()
        await self.tick()

    # --- what is stored ---

    @asynccontextmanager
    async def records(self) -> AsyncIterator[Store]:
        """Read the records, beside the bot."""
        store = await self.database.location.open_shared(SystemClock())
        try:
            yield store
        finally:
            await store.close()


def set_ahead(data: Path) -> None:
    """Let the clock of a new sandbox begin so far ahead that `put_kept` never sets it before the machine's."""
    data.mkdir(parents=True)
    (data / _CLOCK).write_text(f"{DAY}\n")


def note_time(kept: KeptWorld) -> None:
    """Note when a world was kept, for `put_kept`."""
    (kept.folder / _KEPT_AT).write_text(str(time.time()))


def put_kept(kept: KeptWorld, folder: Path) -> Path:
    """Copy a kept world, whose clock goes on where it stopped; returns the folder of its sandbox.

    Otherwise the bot would find a gap in which it did not run, where a run takes longer to come to a story's test.
    """
    data = folder / "data"
    kept.put_world(data)
    clock = data / _CLOCK
    passed = int(time.time() - float((kept.folder / _KEPT_AT).read_text()))
    clock.write_text(f"{int(clock.read_text()) - passed}\n")
    bot_database(data).copy_from(kept.folder)
    return data


def forget(folder: Path) -> None:
    """Remove a run's folder."""
    shutil.rmtree(folder, ignore_errors=True)
