"""A limit of so many requests in so many seconds is kept by waiting, and only by who really starts one."""

import asyncio
import time

import pytest

from workflows.entra.pacing import Pace
from workflows.ports import TenantUnavailable


async def test_no_more_than_the_limit_start_within_its_time() -> None:
    pace, began = Pace(2, 0.2, 5.0), time.monotonic()
    started = []
    for _ in range(5):
        await pace.turn()
        started.append(time.monotonic() - began)
    assert started[1] < 0.1
    assert started[2] >= 0.19
    assert started[4] >= 0.38


async def test_nobody_waits_longer_than_told_and_who_gives_up_takes_no_turn() -> None:
    pace = Pace(1, 0.3, 0.1)
    await pace.turn()
    with pytest.raises(TenantUnavailable) as caught:
        await pace.turn()
    assert caught.value.is_throttled
    await asyncio.sleep(0.25)
    await pace.turn()
