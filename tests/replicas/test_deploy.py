"""Under load each of two bots is replaced, as a deploy does. Every click is acknowledged at its first try."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.replicas.clicks import Clicks
from tests.replicas.stage import replicas_stage
from tests.replicas.test_kills import drained
from workflows.ports.audit_log import RESULT_OF

pytestmark = [pytest.mark.replicas]
RATE: Final = 10
"""Clicks in a second, all the time."""


async def test_no_click_fails_while_one_bot_after_the_other_is_replaced(tmp_path: Path) -> None:
    async with replicas_stage(tmp_path / "data") as stage:
        clicks, is_over = Clicks(stage=stage, chance=random.Random(1)), asyncio.Event()
        await clicks.prepare(("contoso.com",))
        load = asyncio.create_task(clicks.keep_coming(RATE, is_over))
        for replica in stage.replicas:
            await replica.end()
            assert replica.process is not None
            assert replica.process.exitcode == 0
            await replica.start()
            await stage.until_all_ready()
        is_over.set()
        await load
        await drained(stage)
        keys = Counter(key for (key,) in stage.rows("select key from audit"))
        assert (dict(clicks.not_at_first), clicks.given_up, stage.balancer.unserved) == ({}, [], 0)
        assert len(clicks.acknowledged) > RATE
        for key in clicks.acknowledged:
            assert (keys[key], keys[f"{RESULT_OF}{key}"]) == (1, 1)
        assert stage.rows("select args from procrastinate_jobs where status = 'failed'") == []
        assert stage.rows("select value from marks where name = 'gaps'") == [], "no time without a bot"
