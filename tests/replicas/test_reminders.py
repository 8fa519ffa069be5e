"""Every reminder is sent once, whichever bot is alive when it is due."""

import asyncio
from pathlib import Path

import pytest

from tests.replicas.stage import DEAD_SOON, ReplicasStage, replicas_stage
from tests.scenarios.stage import DAY

pytestmark = [pytest.mark.replicas]
PEOPLE = ("requester", "approver1", "approver2", "approver3")


async def told_in_a_week(stage: ReplicasStage, *, is_killed: bool) -> dict[str, list[str]]:
    """Ask, and let nobody decide; returns what each person was told, oldest first, by its first words.

    :param is_killed: whether the leading bot is killed whenever the clock reaches a reminder.
    """
    await stage.until_monday()
    await stage.ask()
    for _ in range(4):
        leading = await stage.leader()
        moved = asyncio.create_task(stage.call("POST", "clock", {"advance_seconds": DAY}))
        if is_killed:
            await leading.kill()
            await leading.start()
        await moved
        await stage.until_all_ready()
        await stage.tick()
        await stage.rest()
    return {
        person: [str(one["text"]).partition(" (")[0][:20] for one in await stage.direct(person)] for person in PEOPLE
    }


async def test_every_reminder_is_sent_once_while_the_leading_bot_is_killed_at_each_of_them(tmp_path: Path) -> None:
    """The oracle is one bot that nobody kills."""
    async with replicas_stage(tmp_path / "one", count=1) as stage:
        expected = await told_in_a_week(stage, is_killed=False)
    assert len(expected["approver1"]) > 2, "reminders were due"
    async with replicas_stage(tmp_path / "two", dead_after=DEAD_SOON) as stage:
        assert await told_in_a_week(stage, is_killed=True) == expected
