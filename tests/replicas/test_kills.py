"""Either of two bots is killed again and again under load: nothing is lost, nothing is done twice."""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.replicas.clicks import Clicks
from tests.replicas.stage import DEAD_SOON, ReplicasStage, replicas_stage
from tests.scenarios.stage import words
from workflows.ports.audit_log import RESULT_OF

pytestmark = [pytest.mark.replicas]

RATE: Final = 50
"""Clicks in a second, from before the first kill until after the last."""
LIVES: Final = 2.0
"""Both bots are ready for at most so many seconds before one is killed."""
KILLS: Final = int(os.environ.get("GATEHOUSE_REPLICA_KILLS", "20"))
DOMAINS: Final = ("contoso.com", "northwind.com", "tailspin.com", "litware.com")
APPROVERS: Final = ("approver1", "approver2", "approver3")
TAKEN_OVER_WITHIN: Final = 60.0
DRAINED_WITHIN: Final = 1_200.0
NOTE_ENDS: Final = (
    "create table ends_of_workers (worker bigint, silent_for float8)",
    """create function note_end() returns trigger language plpgsql as $$ begin
        insert into ends_of_workers values
            (old.id, extract(epoch from clock_timestamp() - old.last_heartbeat)); return old; end $$""",
    "create trigger note_end after delete on procrastinate_workers for each row execute function note_end()",
)
"""Has the database note how long after its last heartbeat the work of a process was given back."""
GIVEN_BACK_AFTER: Final = "select worker, silent_for from ends_of_workers"


def chance_of_this_run() -> tuple[int, random.Random]:
    """A seed that can be repeated, and its numbers."""
    seed = int(os.environ.get("GATEHOUSE_REPLICA_SEED", time.time_ns() % 1_000_000))
    return seed, random.Random(seed)


async def drained(stage: ReplicasStage) -> float:
    """Wait until no effect is left; returns how many seconds that took."""
    began = time.monotonic()
    sql = "select count(*) from procrastinate_jobs where task_name = 'effect' and status <> 'failed'"

    async def is_empty() -> bool:
        [(count,)] = await asyncio.to_thread(stage.rows, sql)
        return bool(count == 0)

    await stage.until(is_empty, "an empty queue", seconds=DRAINED_WITHIN)
    return time.monotonic() - began


async def kill_again_and_again(stage: ReplicasStage, chance: random.Random) -> None:
    """Kill either one at a random moment, and start it again, until all kills are done."""
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.0, LIVES))
        victim = chance.choice(stage.replicas)
        await victim.kill()
        await victim.start()
        await stage.until_all_ready()


async def approve_all(stage: ReplicasStage, clicks: Clicks) -> None:
    """Approve what was not approved by one of the clicks, so that the work of every request comes to its end."""
    for card in clicks.cards:
        for approver in APPROVERS:
            if "active (verified" not in words(await stage.card_of(card["ts"])):
                await stage.do("click", user=approver, action_id="approve", channel="partner-access", ts=card["ts"])
                await drained(stage)  # NB. otherwise the card may lose its button between the look and the click


async def test_no_click_is_lost_or_doubled_while_either_of_two_bots_is_killed(tmp_path: Path) -> None:
    """Clicks arrive all the time. Each one is acknowledged in the end, also when its first try met a killed bot."""
    seed, chance = chance_of_this_run()
    async with replicas_stage(tmp_path / "data") as stage:
        stage.change(*NOTE_ENDS)
        clicks, is_over = Clicks(stage=stage, chance=chance), asyncio.Event()
        await clicks.prepare(DOMAINS)
        began = time.monotonic()
        load = asyncio.create_task(clicks.keep_coming(RATE, is_over))
        await kill_again_and_again(stage, chance)
        killed_for = time.monotonic() - began
        is_over.set()
        await load
        took = await drained(stage)
        await approve_all(stage, clicks)

        keys = Counter(key for (key,) in stage.rows("select key from audit"))
        writes = Counter((one["method"], one["path"], str(one["body"])) for one in await stage.writes())
        silent = dict(stage.rows(GIVEN_BACK_AFTER))
        longest = round(max(silent.values(), default=0.0), 1)
        found: dict[str, Sequence[object]] = {
            "lost": [key for key in clicks.acknowledged if key not in keys],
            "without_result": [key for key in clicks.acknowledged if f"{RESULT_OF}{key}" not in keys],
            "never_acknowledged": clicks.given_up,
            "parked": stage.rows("select args from procrastinate_jobs where status = 'failed'"),
            "doubled": [one for one, number in [*keys.items(), *writes.items()] if number > 1],
        }
        figures = {
            "seed": seed,
            "kills": KILLS,
            "kills_took_s": round(killed_for, 1),
            "acknowledged": len(clicks.acknowledged),
            "not_at_first": dict(clicks.not_at_first),
            "nobody_was_ready": stage.balancer.unserved,
            "slower_than_3_s": clicks.slow,
            **{name: len(each) for name, each in found.items()},
            "taken_over_within_s": longest,
            "drained_in_s": round(took, 1),
        }
        print(f"\nreplicas: {figures}")
        assert not any(found.values()), found
        assert len(set(clicks.acknowledged)) == len(clicks.acknowledged)
        assert len(writes) == len(DOMAINS), writes
        assert 0 < longest < TAKEN_OVER_WITHIN, silent
        for card in clicks.cards:
            assert "active (verified" in words(await stage.card_of(card["ts"]))
        check = await asyncio.to_thread(stage.location.verify_audit)
        assert check.problems == ()


async def test_an_approval_over_socket_mode_is_counted_once_while_either_bot_is_killed(tmp_path: Path) -> None:
    """One is killed at a random moment around each click. Who sees that a click failed clicks again."""
    seed, chance = chance_of_this_run()
    accepted = "select count(*) from audit where command = 'approve' and outcome = 'accepted'"
    async with replicas_stage(tmp_path / "data", is_socket_mode=True, dead_after=DEAD_SOON) as stage:
        ts, failed = await stage.ask(), 0
        for number, approver in enumerate(APPROVERS, start=1):
            click = {"user": approver, "action_id": "approve", "channel": "partner-access", "ts": ts}
            clicked = asyncio.create_task(stage.call("POST", "click", click))
            await asyncio.sleep(chance.uniform(0.0, 0.1))
            victim = chance.choice(stage.replicas)
            await victim.kill()
            await clicked
            await victim.start()
            await stage.until_all_ready()
            await drained(stage)
            if stage.rows(accepted) != [(number,)]:
                failed += 1
                await stage.do("click", **click)
                await drained(stage)
            assert stage.rows(accepted) == [(number,)], (seed, approver)
        print(f"\nreplicas: Socket Mode, seed {seed}: {failed} of {len(APPROVERS)} clicked again")
        assert "active (verified" in words(await stage.card_of(ts))
        assert len(await stage.writes()) == 1
        assert (await stage.revoke())["errors"] == {}
        assert len(await stage.writes()) == 2
        check = await asyncio.to_thread(stage.location.verify_audit)
        assert check.problems == ()
