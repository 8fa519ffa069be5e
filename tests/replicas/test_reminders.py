"""Every reminder is sent once, whichever bot is alive when it is due."""

from collections import Counter
from pathlib import Path

import pytest

from tests.replicas.stage import ReplicasStage, replicas_stage
from tests.scenarios.stage import DAY

pytestmark = [pytest.mark.replicas]
APPROVERS = ("approver1", "approver2", "approver3")


async def reminded(stage: ReplicasStage) -> Counter[str]:
    """How many messages each approver has got."""
    return Counter({person: len(await stage.direct(person)) for person in APPROVERS})


async def test_every_reminder_is_sent_once_while_the_leading_bot_is_killed_at_each_of_them(tmp_path: Path) -> None:
    async with replicas_stage(tmp_path / "data") as stage:
        await stage.until_monday()
        await stage.ask()
        before = await reminded(stage)
        for number in (1, 2):  # Gatehouse's own, on Wednesday and on Friday
            leading = await stage.leader()
            moved = stage.call("POST", "clock", {"advance_seconds": 2 * DAY})
            await leading.kill()
            await moved
            await leading.start()
            await stage.until_all_ready()
            await stage.tick()
            await stage.rest()
            assert await reminded(stage) - before == Counter(dict.fromkeys(APPROVERS, number))
        rows = stage.rows("select count(*) from audit where command = 'remind_approvers' and outcome = 'accepted'")
        assert rows == [(2,)]
