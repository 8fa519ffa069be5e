"""A batch of access written to the simulated tenant through the real SDK, with throttling and a killed process.

Everything that arrives at the tenant is recorded in order. Whoever kills a process lets nothing more of it happen.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from aiohttp import web

from bot.sandbox.entra import EntraSimulator, TokenAuthority
from bot.sandbox.http.batches import INNER_FAULTS, INNER_STATUSES, inner_calls, take_inner_faults
from bot.sandbox.http.faults import AnyCall, Fault, Faults, Target
from bot.sandbox.http.request_log import read_body_once
from tests.served import served
from tests.workflows.app.batches.access import APPROVERS, BATCH_OF_ACCESS, partner, planned
from tests.workflows.app.batches.many import approve_batch, batch_of, tenant_number
from tests.workflows.entra.simulated_tenant import PARTNERS, Handler
from tests.workflows.fakes import Crash
from tests.workflows.world import WAITS, World, open_world, restarted
from workflows.core.batches.batch import Batch
from workflows.core.requests.effects import AdvanceBatch
from workflows.core.settings.block import BLOCK
from workflows.core.settings.model import TenantId
from workflows.effects.batches.runner import BatchRunner
from workflows.entra import Entra, EntraSettings, connect

RETRY_AFTER: Final = 5
_CREATED: Final = 201
_WINDOW_SECONDS: Final = 10.0
_MAX_ROUNDS: Final = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One request, alone or in a batch, as the tenant answered it."""

    at: float
    method: str
    partner: TenantId | None
    status: int | None


class Throttling(Faults):
    """Answers a share of the calls in batches with 429; half of these answers name a pause."""

    def __init__(self, random: Random, share: float) -> None:
        super().__init__()
        self._random = random
        self._share = share
        self.count = 0

    def take(self, target: Target, request: AnyCall, body: Any) -> Fault | None:
        """Throttle a call by chance."""
        if self._random.random() >= self._share:
            return None
        self.count += 1
        headers = {"Retry-After": str(RETRY_AFTER)} if self._random.random() < 0.5 else {}
        return Fault(target="graph", status=429, headers=headers)


@dataclass(slots=True, kw_only=True)
class Stage:
    """The simulated tenant on a socket, and what arrived there."""

    simulator: EntraSimulator
    throttling: Throttling
    settings: EntraSettings
    arrived: list[Arrived] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    """When each request arrived; one with a batch counts once."""
    batches_with_writes: list[int] = field(default_factory=list)
    """How many writes each batch with writes had."""
    under_way: int = 0
    """How many requests have arrived and are not answered."""
    arrival: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request arrives."""

    def created(self) -> Counter[TenantId]:
        """How often each partner was added."""
        return Counter(one.partner for one in self.arrived if one.partner and one.status == _CREATED)

    def of(self, tenant_id: TenantId) -> list[Arrived]:
        """What arrived about one partner, in order."""
        return [one for one in self.arrived if one.partner == tenant_id]

    def most_in_a_window(self) -> int:
        """The most calls, counted as Graph counts them, in ten seconds."""
        times, most, first = [one.at for one in self.arrived], 0, 0
        for last, at in enumerate(times):
            while at - times[first] > _WINDOW_SECONDS:
                first += 1
            most = max(most, last - first + 1)
        return most


def _partner_of(path: str, body: Any) -> TenantId | None:
    name = path.rpartition(f"{PARTNERS}/")[2].partition("?")[0] if f"{PARTNERS}/" in path else None
    if name is None and path.endswith(PARTNERS) and isinstance(body, dict):
        name = body.get("tenantId")
    return None if name is None else TenantId(name)


@asynccontextmanager
async def open_stage(
    authority: TokenAuthority, count: int, random: Random, share: float, *, latency: float = 0.0
) -> AsyncIterator[Stage]:
    """Serve a tenant in which so many organizations can be found, and none is configured.

    :param latency: the most seconds that pass before a request is done, and again until it is answered.
    """
    simulator = EntraSimulator(now=lambda: datetime.now(UTC), on_change=lambda: None, accepts_token=authority.accepts)
    known = [partner(number) for number in range(1, count + 1)]
    organizations = {
        one.tenant_id: {
            "displayName": one.display_name,
            "domains": [one.default_domain],
            "defaultDomainName": one.default_domain,
        }
        for one in known
    }
    simulator.merge({"organizations": organizations, "default": BLOCK})
    throttling = Throttling(random, share)
    stage: Stage

    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        body, at = await read_body_once(request), time.monotonic()
        request[INNER_FAULTS] = take_inner_faults(throttling, request, body)
        stage.requests.append(at)
        stage.arrival.set()
        stage.under_way += 1
        try:
            await asyncio.sleep(random.uniform(0.0, latency))
            answer = await handler(request)
            await asyncio.sleep(random.uniform(0.0, latency))
        finally:
            stage.under_way -= 1
        statuses, inner = request.get(INNER_STATUSES, {}), list(inner_calls(request, body))
        writes = 0
        for call in inner:
            writes += call.method != "GET"
            found = _partner_of(call.path, call.body)
            stage.arrived.append(Arrived(at=at, method=call.method, partner=found, status=statuses.get(call.id)))
        if not inner:
            found = _partner_of(request.path, body)
            stage.arrived.append(Arrived(at=at, method=request.method, partner=found, status=answer.status))
        if writes:
            stage.batches_with_writes.append(writes)
        return answer

    application = web.Application(middlewares=[record])
    application.add_routes(simulator.routes())
    async with served(application) as address:
        settings = EntraSettings(graph_url=f"{address}/graph/v1.0", authority_host=authority.url)
        stage = Stage(simulator=simulator, throttling=throttling, settings=settings)
        yield stage


@dataclass(slots=True, kw_only=True)
class Killer:
    """Ends the process at some steps, counted over all processes: before or after a request, or a commit."""

    steps: set[int]
    random: Random
    passed: int = 0
    kills: int = 0


class Process:
    """One process: a runner over the world's file, connected to the tenant. Dead, it does nothing any more."""

    def __init__(self, world: World, stage: Stage, killer: Killer) -> None:
        self.world = world
        self._killer = killer
        self._is_dead = False
        self.entra: Entra = connect(stage.settings)
        connection: Any = self.entra._connection
        connection._send_once = self._killable(connection._send_once)
        store: Any = world.store
        self._commit = store.commit
        store.commit = self._killable(store.commit)
        applier, preparer = world.applier, world.preparer
        self.runner: BatchRunner = replace(
            world.performer.batches,
            applier=replace(applier, tenant=self.entra),
            preparer=replace(preparer, tenant=self.entra),
        )

    def _killable(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def killable(*args: Any, **more: Any) -> Any:
            is_after = self._step()
            result = await call(*args, **more)
            if is_after or self._is_dead:
                self._is_dead = True
                raise Crash
            return result

        return killable

    def _step(self) -> bool:
        """Count a step; return whether the process ends after it.

        :raises Crash: when it ends before it, or has ended.
        """
        if self._is_dead:
            raise Crash
        self._killer.passed += 1
        if self._killer.passed not in self._killer.steps:
            return False
        self._killer.kills += 1
        if self._killer.random.random() < 0.5:
            return True
        self._is_dead = True
        raise Crash

    async def run(self) -> Batch:
        """Advance the batch as the queue does, until it has ended. Pauses pass at once.

        :raises Crash: when the process was killed.
        """
        for _ in range(_MAX_ROUNDS):
            batch = await batch_of(self.world, BATCH_OF_ACCESS)
            if batch.has_ended:
                return batch
            try:
                await self.runner.advance(BATCH_OF_ACCESS)
            except WAITS as error:
                self.world.clock.advance(seconds=max(1.0, getattr(error, "retry_after", None) or 1.0))
        raise AssertionError("it does not end")

    async def end(self) -> None:
        """Take away what is left of the process."""
        self._is_dead = True
        current = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not current and _is_of_the_bot(task)]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self.entra.close()


def _is_of_the_bot(task: "asyncio.Task[Any]") -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and "/workflows/" in code.co_filename and "/tests/" not in code.co_filename


async def run_killed(world: World, stage: Stage, killer: Killer) -> Batch:
    """Run the batch to its end, and start the process again each time it is killed."""
    process = Process(world, stage, killer)
    try:
        return await process.run()
    except Crash:
        await process.end()
    finally:
        if not process._is_dead:
            await process.end()
    async with restarted(world) as again:
        return await run_killed(again, stage, killer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one run did."""

    batch: Batch
    stage: Stage
    kills: int
    seconds: float
    steps: int = 0
    """How many requests and commits the processes came to, where the test counts them."""
    kills_with_requests_under_way: int = 0
    processes: int = 1


async def write_many(
    authority: TokenAuthority, folder: Path, *, count: int, kills: int, steps: int, seed: int, share: float = 0.1
) -> Figures:
    """Plan and approve a batch against the fakes, and write it to the simulated tenant.

    :param steps: the kills are at random ones of so many steps.
    """
    random = Random(seed)
    async with open_stage(authority, count, random, share) as stage, open_world(folder / "gatehouse.db") as world:
        await approve_batch(world, await planned(world, count), APPROVERS, but=AdvanceBatch)
        killer = Killer(steps=set(random.sample(range(1, steps), kills)), random=random)
        began = time.monotonic()
        batch = await run_killed(world, stage, killer)
        return Figures(
            batch=batch, stage=stage, kills=killer.kills, steps=killer.passed, seconds=time.monotonic() - began
        )


def tenants(count: int) -> list[TenantId]:
    """The partners of a batch."""
    return [tenant_number(number) for number in range(1, count + 1)]
