"""A limit of so many requests in so many seconds is kept by waiting, and only by who really starts one."""

import asyncio
import time

import pytest

from workflows.entra.pacing import Pace


async def test_no_more_than_the_limit_start_within_its_time() -> None:
    pace, began = Pace(2, 0.2), time.monotonic()
    started = []
    for _ in range(5):
        await pace.turn()
        started.append(time.monotonic() - began)
    assert started[1] < 0.1
    assert started[2] >= 0.19
    assert started[4] >= 0.38


async def test_who_gives_up_while_waiting_takes_no_turn() -> None:
    pace = Pace(1, 0.2)
    await pace.turn()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await pace.turn()
    began = time.monotonic()
    await pace.turn()
    assert time.monotonic() - began < 0.2
