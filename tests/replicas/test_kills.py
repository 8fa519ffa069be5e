"""Either of two bots is killed again and again under load: nothing is lost, nothing is done twice."""

import asyncio
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.replicas.clicks import Clicks
from tests.replicas.stage import ReplicasStage, replicas_stage
from tests.scenarios.stage import words
from workflows.ports.audit_log import RESULT_OF

pytestmark = [pytest.mark.replicas]

RATE: Final = 50
"""Clicks in a second."""
SECONDS: Final = 2.0
"""How long they arrive, around each kill."""
KILLS: Final = int(os.environ.get("GATEHOUSE_REPLICA_KILLS", "20"))
DOMAINS: Final = ("contoso.com", "northwind.com", "tailspin.com", "litware.com")
TAKEN_OVER_WITHIN: Final = 60.0
DRAINED_WITHIN: Final = 600.0


@dataclass(slots=True)
class Workers:
    """Sees how long the rows of dead processes stay, with what they had claimed."""

    stage: ReplicasStage
    seen: dict[int, float] = field(default_factory=dict)
    """When each process last said that it lives."""
    gone_after: dict[int, float] = field(default_factory=dict)
    """How long after that its row was deleted, and its work was given back."""

    async def watch(self) -> None:
        """Look several times a second, until cancelled."""
        sql = "select id, extract(epoch from last_heartbeat)::float8 from procrastinate_workers"
        while True:
            now, rows = time.time(), dict(await asyncio.to_thread(self.stage.rows, sql))
            for worker in self.seen.keys() - rows.keys() - self.gone_after.keys():
                self.gone_after[worker] = now - self.seen[worker]
            self.seen |= rows
            await asyncio.sleep(0.3)


async def drained(stage: ReplicasStage) -> float:
    """Wait until no effect is left; returns how many seconds that took."""
    began = time.monotonic()
    sql = "select count(*) from procrastinate_jobs where task_name = 'effect' and status <> 'failed'"

    async def is_empty() -> bool:
        [(count,)] = await asyncio.to_thread(stage.rows, sql)
        return bool(count == 0)

    await stage.until(is_empty, "an empty queue", seconds=DRAINED_WITHIN)
    return time.monotonic() - began


async def test_no_click_is_lost_or_doubled_while_either_of_two_bots_is_killed(tmp_path: Path) -> None:
    """Clicks arrive while one is killed at a random moment, and started again; its work is done by the other one."""
    seed = int(os.environ.get("GATEHOUSE_REPLICA_SEED", time.time_ns() % 1_000_000))
    chance = random.Random(seed)
    async with replicas_stage(tmp_path / "data") as stage:
        clicks, workers = Clicks(stage=stage, chance=chance), Workers(stage)
        await clicks.prepare(DOMAINS)
        watching = asyncio.create_task(workers.watch())
        for _ in range(KILLS):
            load = asyncio.create_task(clicks.for_seconds(SECONDS, RATE))
            await asyncio.sleep(chance.uniform(0.0, SECONDS))
            victim = chance.choice(stage.replicas)
            await victim.kill()
            await load
            await victim.start()
            await stage.until_all_ready()
        took = await drained(stage)
        for card in clicks.cards:
            for approver in ("approver1", "approver2", "approver3"):
                if "active (verified" not in words(await stage.card_of(card["ts"])):
                    await stage.do("click", user=approver, action_id="approve", channel="partner-access", ts=card["ts"])
        await drained(stage)
        watching.cancel()

        keys = [key for (key,) in stage.rows("select key from audit")]
        lost = [key for key in clicks.acknowledged if key not in set(keys)]
        unjudged = [key for key in clicks.acknowledged if f"{RESULT_OF}{key}" not in set(keys)]
        writes = Counter((one["method"], one["path"], str(one["body"])) for one in await stage.writes())
        parked = stage.rows("select args from procrastinate_jobs where status = 'failed'")
        longest = max(workers.gone_after.values(), default=0.0)
        figures = {
            "seed": seed,
            "kills": KILLS,
            "acknowledged": len(clicks.acknowledged),
            "not_acknowledged": dict(clicks.refused),
            "lost": len(lost),
            "without_result": len(unjudged),
            "doubled": sum(count - 1 for count in [*Counter(keys).values(), *writes.values()]),
            "taken_over_within_s": round(longest, 1),
            "drained_in_s": round(took, 1),
        }
        print(f"\nreplicas: {figures}")
        assert (lost, unjudged, parked) == ([], [], [])
        assert figures["doubled"] == 0, writes
        assert len(writes) == len(DOMAINS), writes
        assert 0 < longest < TAKEN_OVER_WITHIN
        for card in clicks.cards:
            assert "active (verified" in words(await stage.card_of(card["ts"]))
        check = await asyncio.to_thread(stage.location.verify_audit)
        assert check.problems == ()
