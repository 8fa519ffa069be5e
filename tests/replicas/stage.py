"""A sandbox in this process, a PostgreSQL, and several bots as forked children behind a balancer."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout

from bot.process.child_process import become_bot_process
from bot.sandbox.http.faults import Faults
from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.bot_under_test import free_port
from tests.replicas.balancer import Balancer, Target
from tests.replicas.health import JointHealth
from tests.scenarios.stage import UNLIMITED, Stage
from tests.waiting import LONGEST_CALL, killed_when_it_hangs
from tests.warm.forks import start_forked
from tests.warm.patience import be_patient
from tests.warm.short_pauses import STORY_PAUSES
from tests.workflows.store.postgres.server import test_server
from workflows.core.audit.chain import KeyRing, written_key
from workflows.effects.queue.job_worker import JobWorker
from workflows.intervals import WORKER_BEATS_EVERY, WORKER_DEAD_AFTER, Pauses
from workflows.store.audit_keys import GivenKeys, new_key
from workflows.store.location import RecordsLocation, location_of
from workflows.store.postgres.jobs.shared_jobs import SharedJobs

READY_WITHIN: Final = 240.0
DEAD_SOON: Final = WORKER_DEAD_AFTER * 0.3
"""When a silent bot counts as dead where each killed bot is waited for. The first test of test_kills.py has another."""
_BEATS: Final = WORKER_DEAD_AFTER / WORKER_BEATS_EVERY
"""How many heartbeats there are before a silent process counts as dead."""


def _give_by_default(function: Callable[..., None], **values: object) -> None:
    """Replace the values that a function has for what it is not given."""
    defaults = function.__kwdefaults__ or {}
    assert values.keys() <= defaults.keys()
    defaults.update(values)


def run_replica(settings: dict[str, str], folder: Path, pauses: Pauses, dead_after: timedelta) -> None:
    """Be the process of one bot. Does not return."""
    be_patient()
    _give_by_default(SharedJobs.__init__, dead_after=dead_after)
    _give_by_default(JobWorker.__init__, beats_every=dead_after.total_seconds() / _BEATS)
    become_bot_process(settings, folder, pauses=pauses)


@dataclass(slots=True, kw_only=True)
class Replica:
    """One bot."""

    target: Target
    settings: dict[str, str]
    folder: Path
    pauses: Pauses
    dead_after: timedelta = WORKER_DEAD_AFTER
    process: ForkServerProcess | None = None

    async def start(self) -> None:
        """Start its process."""
        given = (self.settings, self.folder, self.pauses, self.dead_after)
        self.process = await asyncio.to_thread(start_forked, run_replica, *given)

    async def start_elsewhere_if_it_must(self) -> None:
        """Start it again where nobody listens, when somebody else's process was faster."""
        if self.is_running or "address already in use" not in self.log[-500:]:
            return
        self.target.port, self.target.health_port = free_port(), free_port()
        self.settings |= {"PORT": str(self.target.port), "GATEHOUSE_HEALTH_PORT": str(self.target.health_port)}
        await self.start()

    def send(self, number: int) -> None:
        """Send it a signal."""
        assert self.process is not None
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    async def kill(self) -> None:
        """Kill it, and wait until it has ended."""
        await self.end(signal.SIGKILL)

    async def end(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal, and wait until it has ended."""
        assert self.process is not None
        self.send(number)
        with killed_when_it_hangs(self.process):
            await asyncio.to_thread(self.process.join)
        self.target.end_life()

    @property
    def is_running(self) -> bool:
        """Return whether its process was not ended."""
        return self.process is not None and self.process.exitcode is None

    @property
    def log(self) -> str:
        """What it has logged."""
        file = self.folder / "bot.log"
        return file.read_text() if file.exists() else ""


@dataclass(kw_only=True)
class ReplicasStage(Stage):
    """One sandbox and its bots, with the words of the stories."""

    address: str
    """The address of an empty database."""
    count: int = 2
    is_socket_mode: bool = False
    faults: Faults | None = None
    pauses: Pauses = STORY_PAUSES
    dead_after: timedelta = WORKER_DEAD_AFTER
    """When a silent bot counts as dead. It says that it lives four times in this time."""
    replicas: list[Replica] = field(default_factory=list)
    sandbox: Sandbox = field(init=False)
    balancer: Balancer = field(init=False)
    health: JointHealth = field(init=False)
    key: Any = field(default_factory=new_key)

    @property
    def location(self) -> RecordsLocation:
        """Where the records are."""
        return location_of(self.address, GivenKeys(KeyRing((self.key,))))

    async def start(self) -> None:
        """Start the sandbox, the balancer and every bot."""
        be_patient()  # the simulated Slack is in this process
        self.sandbox = Sandbox(self.data, socket_mode=self.is_socket_mode)
        if self.faults is not None:
            self.sandbox.faults = self.faults
        await self.sandbox.start(0)
        self.url = self.sandbox.url
        self._session = ClientSession(timeout=ClientTimeout(total=LONGEST_CALL))
        self.balancer = Balancer([Target(free_port(), free_port()) for _ in range(self.count)])
        await self.balancer.start()
        self.health = JointHealth(self.balancer.targets)
        await self.health.start()
        for number, target in enumerate(self.balancer.targets):
            folder = self.data / f"bot-{number}"
            folder.mkdir()
            settings = {
                **self.sandbox.bot_settings(target.port, target.health_port),
                "DATABASE_URL": self.address,
                "AUDIT_KEY": written_key(self.key),
                "GATEHOUSE_GENERATION": str(self.data / "generation"),
                "GATEHOUSE_TICK_SECONDS": "0.5",
                **UNLIMITED,
                **self.environment,
            }
            replica = Replica(target=target, settings=settings, folder=folder, pauses=self.pauses)
            replica.dead_after = self.dead_after
            self.replicas.append(replica)
        self.sandbox.bot = BotHandle(
            url=f"http://127.0.0.1:{self.balancer.port}",
            health_url=f"http://127.0.0.1:{self.health.port}",
            pid=lambda: 0,
            alive=lambda: True,
        )
        await asyncio.gather(*(replica.start() for replica in self.replicas))
        await self.until_all_ready()

    async def until_all_ready(self) -> None:
        """Wait until every bot says that it is ready."""

        async def are_ready() -> bool:
            for replica in self.replicas:
                await replica.start_elsewhere_if_it_must()
                assert replica.is_running, replica.log[-2000:]
            return all(replica.target.is_ready for replica in self.replicas)

        await self.until(are_ready, "bots that are ready", seconds=READY_WITHIN)
        if self.is_socket_mode:
            await self.until_connected(len(self.replicas))

    async def until_started(self, replica: Replica) -> None:
        """Wait until a bot that was started says that it is ready, or has ended."""

        async def is_decided() -> bool:
            await replica.start_elsewhere_if_it_must()
            return replica.target.is_ready or not replica.is_running

        await self.until(is_decided, "a bot that is ready", seconds=READY_WITHIN)

    async def until_connected(self, count: int) -> None:
        """Wait until so many bots are connected to Slack by Socket Mode. A bot is ready before it is connected."""

        async def are_connected() -> bool:
            assert self.sandbox.slack_simulator is not None
            return self.sandbox.slack_simulator.sockets.count == count

        await self.until(are_connected, f"{count} connections", seconds=READY_WITHIN)

    async def stop(self, number: int = 0) -> int:
        """End everything."""
        for replica in self.replicas:
            if replica.is_running:
                replica.send(signal.SIGCONT)
                await replica.kill()
        await self.health.stop()
        await self.balancer.stop()
        if self._session is not None:
            await self._session.close()
        await self.sandbox.stop()
        return number

    @property
    def _name(self) -> str:
        return self.address.rpartition("?")[0].rpartition("/")[2]

    def change(self, *statements: str) -> None:
        """Change the database by hand."""
        test_server().run(*statements, database=self._name)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read from the database."""
        return test_server().rows(sql, self._name)

    async def holder(self, lane: str) -> Replica:
        """Return the bot that holds a lane now, as soon as one does."""
        sql = f"select worker_id from procrastinate_jobs where status = 'doing' and lock = '{lane}'"
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            for (worker,) in await asyncio.to_thread(self.rows, sql):
                for replica in self.replicas:
                    if replica.is_running and f'"worker": {worker},' in replica.log:
                        return replica
            await asyncio.sleep(0.01)
        raise AssertionError(f"nobody holds {lane}")

    async def leader(self) -> Replica:
        """Return the bot that does what is due."""
        return await self.holder("lead:ticker")


@asynccontextmanager
async def replicas_stage(data: Path, **named: Any) -> AsyncIterator[ReplicasStage]:
    """Run a stage on a database of its own."""
    with test_server().database(is_empty=True) as name:
        stage = ReplicasStage(data=data, address=test_server().url(name), **named)
        try:
            await stage.start()
            yield stage
        finally:
            await stage.stop()
