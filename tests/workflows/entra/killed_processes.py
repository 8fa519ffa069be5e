"""A batch that processes apply one after the other: each is killed with SIGKILL, and the next one has its file."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from bot.sandbox.entra import TokenAuthority
from tests.waiting import killed_when_it_hangs
from tests.workflows.app.batches.access import APPROVERS, BATCH_OF_ACCESS, planned
from tests.workflows.app.batches.many import approve_batch, batch_of
from tests.workflows.entra.waves import Figures, Stage, open_stage
from tests.workflows.world import open_world
from workflows.core.requests.effects import AdvanceBatch

ROOT: Final = Path(__file__).parents[3]
LATENCY: Final = 0.15
"""As `open_stage` takes it: without it, hardly any request is under way when a process is killed."""
_LONGEST_DELAY: Final = 0.4
"""Seconds between the request that a kill waits for and the kill, at most: longer than the usual pause between two."""


@dataclass(slots=True, kw_only=True)
class Kills:
    """When the processes are killed, and what was under way then."""

    after_requests: Sequence[int]
    """Each kill waits until so many requests have arrived, counted over all processes."""
    random: Random
    done: int = 0
    with_requests_under_way: int = 0
    pids: list[int] = field(default_factory=list)


async def write_killed(
    authority: TokenAuthority, folder: Path, *, count: int, kills: int, requests: int, seed: int, share: float = 0.1
) -> Figures:
    """Plan and approve a batch against the fakes, and let processes write it to the simulated tenant on its socket.

    :param kills: how many processes are killed, if the batch has not ended before.
    :param requests: the kills are at random ones of so many requests, each with a random delay.
    """
    random, path = Random(seed), folder / "gatehouse.db"
    async with open_stage(authority, count, random, share, latency=LATENCY) as stage:
        async with open_world(path) as world:
            await approve_batch(world, await planned(world, count), APPROVERS, but=AdvanceBatch)
        plan = Kills(after_requests=sorted(random.sample(range(1, requests), kills)), random=random)
        began = time.time()
        while not await _ends_by_itself(await _started(path, stage, began), stage, plan):
            pass
        seconds = time.time() - began
        async with open_world(path) as world:
            batch = await batch_of(world, BATCH_OF_ACCESS)
        return Figures(
            batch=batch,
            stage=stage,
            kills=plan.done,
            kills_with_requests_under_way=plan.with_requests_under_way,
            processes=len(set(plan.pids)),
            seconds=seconds,
        )


async def _started(path: Path, stage: Stage, began: float) -> Process:
    """Start a process, and wait until it is about to send its first request."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.workflows.entra.applying_process"),
        *(str(path), str(stage.settings.graph_url), str(stage.settings.authority_host), str(began)),
        cwd=ROOT,
        stdout=PIPE,
    )
    assert process.stdout is not None
    with killed_when_it_hangs(process):
        assert await process.stdout.readline() == b"ready\n", "it did not start"
    return process


async def _ends_by_itself(process: Process, stage: Stage, plan: Kills) -> bool:
    """Return whether a process came to its end; otherwise it was killed at the moment that is next."""
    plan.pids.append(process.pid)
    ending = asyncio.create_task(process.wait())
    try:
        if plan.done < len(plan.after_requests):
            await _moment(ending, stage, plan)
            if not ending.done():
                plan.with_requests_under_way += stage.under_way > 0
                os.kill(process.pid, signal.SIGKILL)
        with killed_when_it_hangs(process):
            status = await ending
    finally:
        if process.returncode is None:
            process.kill()
    plan.done += status == -signal.SIGKILL
    assert status in (0, -signal.SIGKILL), f"it ended with {status}"
    return status == 0


async def _moment(ending: "asyncio.Task[int]", stage: Stage, plan: Kills) -> None:
    """Wait for the next moment of a kill, or the end of the process."""
    while len(stage.requests) < plan.after_requests[plan.done] and not ending.done():
        stage.arrival.clear()
        arrival = asyncio.create_task(stage.arrival.wait())
        await asyncio.wait([ending, arrival], return_when=asyncio.FIRST_COMPLETED)
        arrival.cancel()
    await asyncio.wait([ending], timeout=plan.random.uniform(0.0, _LONGEST_DELAY))
