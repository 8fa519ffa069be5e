"""The processes of a benchmark: the simulated services, the bot, the bare application; and what each of them uses."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.bot.bot_under_test import free_port
from tests.bot.sandbox.control_client import Control

_OURS: Final = ("SLACK_", "AZURE_", "GRAPH_", "GATEHOUSE_", "DATABASE_URL", "PORT", "HOST", "SSL_CERT_FILE")
UNLIMITED: Final = {
    f"GATEHOUSE_MAX_{what}_PER_HOUR": "10000" for what in ("REQUESTS", "APPROVALS", "LOOKUPS", "SEARCHES")
} | {
    "GATEHOUSE_MAX_APPROVALS_PER_DAY": "10000",
    "GATEHOUSE_MAX_OPEN_REQUESTS": "10000",
    "GATEHOUSE_SECOND_LOOK_FROM": "1000",
    "GATEHOUSE_TELL_UNUSUAL_DECISIONS": "false",
    "GATEHOUSE_TELL_WEEKLY_DECISIONS": "false",
}
"""The limits of one person in an hour, raised: a benchmark does in a minute what people do in weeks."""
_READY_SECONDS: Final = 60.0
_BARE: Final = "tests.bench.stage.bare"
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True, kw_only=True)
class Served:
    """A child process that listens on this machine."""

    process: asyncio.subprocess.Process
    url: str
    health_url: str
    """Where it says that it is ready."""
    secret: str
    seconds_to_ready: float = 0.0

    @property
    def resident_megabytes(self) -> float:
        """Return the memory that it occupies now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise LookupError("the process is gone")

    @property
    def processor_seconds(self) -> float:
        """Return the processor time that it has used, in its own code and in the kernel."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    async def stop(self) -> None:
        """End it."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(20):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


@dataclass(slots=True, kw_only=True)
class World:
    """The simulated services, a folder, and the processes that were started in it."""

    folder: Path
    session: aiohttp.ClientSession
    control: Control
    settings: Mapping[str, str]
    """The bot's settings, as the services give them; without a port and a database."""
    started: list[Served] = field(default_factory=list)

    async def bot(
        self, database: Path | None = None, *, command: Sequence[str] = ("-m", "bot", "run"), **settings: str
    ) -> Served:
        """Start the bot as `gatehouse run` does, and wait until it is ready.

        :param database: its file; a new one if None.
        :param command: what Python runs.
        """
        database = database or self.folder / f"bot-{len(self.started)}.db"
        served = await self._start(*command, DATABASE_URL=f"sqlite:///{database}", **{**UNLIMITED, **settings})
        await self.control.call("PUT", "bot", {"url": served.url, "health_url": served.health_url})
        return served

    async def bare(self) -> Served:
        """Start the bare application, and wait until it is ready."""
        return await self._start("-m", _BARE, str(self.folder / f"bare-{len(self.started)}.db"))

    def environment(self, **settings: str) -> dict[str, str]:
        """Return the environment of a process: these settings, and none of the shell's."""
        usual = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        project = str(Path(__file__).parents[3])
        return {**usual, **self.settings, "NO_PROXY": "127.0.0.1,localhost", "PYTHONPATH": project, **settings}

    async def _start(self, *arguments: str, **settings: str) -> Served:
        port, health_port = free_port(), free_port()
        url, health_url = (f"http://127.0.0.1:{one}" for one in (port, health_port))
        if _BARE in arguments:
            health_url = url  # it has one address for everything
        folder = self.folder / f"process-{len(self.started)}"
        folder.mkdir()
        with (folder / "log").open("wb") as log:
            began = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, *arguments),
                cwd=folder,
                stdout=log,
                stderr=log,
                env=self.environment(**{**settings, "PORT": str(port), "GATEHOUSE_HEALTH_PORT": str(health_port)}),
            )
        served = Served(process=process, url=url, health_url=health_url, secret=self.settings["SLACK_SIGNING_SECRET"])
        self.started.append(served)
        await self._until_ready(served, folder)
        served.seconds_to_ready = time.perf_counter() - began
        return served

    async def _until_ready(self, served: Served, folder: Path) -> None:
        async with asyncio.timeout(_READY_SECONDS):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with self.session.get(f"{served.health_url}/readyz") as response:
                        if response.status == 200:
                            return
                if served.process.returncode is not None:
                    raise RuntimeError(f"it did not start:\n{(folder / 'log').read_text()}")
                await asyncio.sleep(0.005)

    async def idle(self, seconds: float = 60.0) -> None:
        """Wait until the bot has nothing due to do."""
        await self.control.get("idle", timeout=str(seconds))

    async def log(self, service: str) -> list[dict[str, Any]]:
        """Return every request that a service (`slack` or `graph`) has received."""
        entries: list[dict[str, Any]] = (await self.control.get(f"{service}/log"))["log"]
        return entries


def called(log: Sequence[dict[str, Any]], before: int, method: str) -> list[dict[str, Any]]:
    """Return the answered calls of Slack's methods of this name, or that begin so, after the first `before` entries."""
    return [one for one in log[before:] if one["status"] and str(one["path"]).rpartition("/")[2].startswith(method)]


def answered_at(entry: dict[str, Any]) -> float:
    """Return when a call was answered, by the machine's clock: the simulated one was not moved."""
    return datetime.fromisoformat(entry["at"]).timestamp() + float(entry["ms"]) / 1000


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """Start the simulated services in a temporary folder; end them, and what was started on them, afterwards."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        folder = Path(name)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bench.stage.world", str(folder / "world")), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=600)
        services = Served(process=process, url=url, health_url=url, secret="")
        try:
            async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
                control = Control(session=session, url=url)
                settings = (await control.get("bot"))["settings"]
                made = World(folder=folder, session=session, control=control, settings=settings)
                try:
                    yield made
                finally:
                    for one in reversed(made.started):
                        await one.stop()
        finally:
            await services.stop()
