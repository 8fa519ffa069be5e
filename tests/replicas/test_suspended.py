"""A bot is suspended inside of a write, and goes on after another one took its work over, and after a revocation.

Here a silent bot counts as dead sooner than usual, and is suspended for as much less. With
GATEHOUSE_REPLICA_SUSPENDED=90 the times are the usual ones.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.replicas.stage import Replica, ReplicasStage, replicas_stage
from tests.scenarios.stage import CONTOSO, words
from workflows.core.requests.effects import partner_lane
from workflows.core.settings.model import TenantId
from workflows.intervals import WORKER_DEAD_AFTER

pytestmark = [pytest.mark.replicas]

SUSPENDED_FOR: Final = float(os.environ.get("GATEHOUSE_REPLICA_SUSPENDED", "27"))
DEAD_AFTER: Final = WORKER_DEAD_AFTER * (SUSPENDED_FOR / 90.0)
TAKEN_OVER_WITHIN: Final = 60.0
NOW: Final = "select extract(epoch from clock_timestamp())::float8"
NOTICED: Final = ("effect_taken_over", "effect_was_taken_over", "taken_for_dead")
"""What a bot logs, one or the other, that finds its work taken over: before a write, at its end, or at a heartbeat."""
LANE: Final = partner_lane(TenantId(CONTOSO))
READ_TAKES: Final = 2.0
ANSWERED_AFTER: Final = 20.0
"""In seconds: so long that the bot is suspended in a read, or before the answer, on any machine."""
LATE_ANSWER: Final = {"target": "graph", "method": "POST", "match": "crossTenantAccessPolicy/partners"}


async def approved_by_two(stage: ReplicasStage) -> str:
    """Ask, and let two of three approve; returns the card's ts."""
    ts = await stage.ask()
    for approver in ("approver1", "approver2"):
        assert await stage.press(approver, "approve", ts) == []
    return ts


async def suspended_before_the_write(stage: ReplicasStage, ts: str) -> Replica:
    """Suspend the bot that applies the plan while it reads what is there: nothing is written."""
    await stage.do("faults", target="graph", method="GET", times=200, delay_seconds=READ_TAKES)
    click = {"user": "approver3", "action_id": "approve", "channel": "partner-access", "ts": ts}
    clicked = asyncio.create_task(stage.do("click", **click))  # its answer waits for a moment for what follows
    writing = await stage.holder(LANE)
    writing.send(signal.SIGSTOP)
    await clicked
    assert await stage.writes() == []
    await stage.call("DELETE", "faults")
    return writing


async def suspended_in_the_write(stage: ReplicasStage, ts: str) -> Replica:
    """Suspend the bot that applies the plan when Graph has its write, and the answer is not there yet."""
    await stage.do("faults", **LATE_ANSWER, after_commit=True, delay_seconds=ANSWERED_AFTER)
    await stage.do("click", user="approver3", action_id="approve", channel="partner-access", ts=ts)
    writing = await stage.holder(LANE)
    await stage.until(stage.partner, "the write")
    writing.send(signal.SIGSTOP)
    return writing


async def sent(stage: ReplicasStage) -> list[tuple[str, str, Any]]:
    """What was written. The answer to the held write may come while the bot is suspended, or after that."""
    return [(write["at"], write["method"], write["body"]) for write in await stage.writes()]


@pytest.mark.parametrize("suspend", [suspended_before_the_write, suspended_in_the_write])
async def test_a_bot_that_was_suspended_reopens_nothing(suspend: Any, tmp_path: Path) -> None:
    """Meanwhile the other bot applies the plan, and an admin revokes the partner."""
    async with replicas_stage(tmp_path / "data", dead_after=DEAD_AFTER) as stage:
        ts = await approved_by_two(stage)
        suspended = await suspend(stage, ts)
        [(since,)], length = stage.rows(NOW), len(suspended.log)

        async def is_active() -> bool:
            return "active (verified" in words(await stage.card_of(ts))

        async def is_noticed() -> bool:
            return any(one in suspended.log[length:] for one in NOTICED)

        await stage.until(is_active, "the take-over", seconds=TAKEN_OVER_WITHIN)
        [(until,)] = stage.rows(NOW)
        taken_over = until - since
        assert (await stage.revoke())["errors"] == {}
        revoked, writes = await stage.partner(), await sent(stage)
        assert revoked is not None
        assert "b2bCollaborationInbound" in revoked
        await asyncio.sleep(max(0.0, SUSPENDED_FOR - taken_over))
        suspended.send(signal.SIGCONT)
        await stage.until_all_ready()
        await stage.until(is_noticed, "that it lost its work")
        await stage.rest()
        print(f"\nreplicas: {suspend.__name__}: taken over after {taken_over:.1f} s, {len(writes)} writes")
        assert await stage.partner() == revoked
        assert await sent(stage) == writes
        records = await stage.location.read_records()
        assert records is not None
        assert [one.state for one in records.partnerships.values()] == ["revoked"]
