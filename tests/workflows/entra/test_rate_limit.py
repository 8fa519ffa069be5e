"""A limit of requests per time is kept by waiting; only requests that really start count."""

import asyncio
import time

import pytest

from workflows.entra.transport.rate_limit import RateLimit
from workflows.ports.tenant import TenantUnavailable


async def test_no_more_than_the_limit_start_within_its_time() -> None:
    pace, began = RateLimit(2, 0.2, longest_wait=5.0), time.monotonic()
    started = []
    for _ in range(5):
        async with pace.turn():
            started.append(time.monotonic() - began)
    assert started[1] < 0.1
    assert started[2] >= 0.19
    assert started[4] >= 0.38


async def test_nobody_waits_longer_than_told_and_who_gives_up_takes_no_turn() -> None:
    pace = RateLimit(1, 0.3, longest_wait=0.1)
    async with pace.turn():
        pass
    with pytest.raises(TenantUnavailable) as caught:
        async with pace.turn():
            pass
    assert caught.value.is_throttled
    await asyncio.sleep(0.25)
    async with pace.turn():
        pass


async def test_who_is_patient_waits_longer_than_that() -> None:
    pace, began = RateLimit(1, 0.3, longest_wait=0.1), time.monotonic()
    for _ in range(2):
        async with pace.turn(is_patient=True):
            pass
    assert time.monotonic() - began >= 0.29


async def test_a_turn_counts_from_the_end_of_its_request() -> None:
    """When Graph counted it is not known before it has answered."""
    pace, began = RateLimit(1, 0.2), time.monotonic()
    for _ in range(2):
        async with pace.turn():
            await asyncio.sleep(0.1)
    assert time.monotonic() - began >= 0.39


async def test_requests_within_the_limit_run_side_by_side() -> None:
    pace, began = RateLimit(2, 0.2), time.monotonic()

    async def request() -> None:
        async with pace.turn():
            await asyncio.sleep(0.2)

    await asyncio.gather(request(), request())
    assert time.monotonic() - began < 0.35


async def test_who_goes_first_passes_the_queue() -> None:
    pace, served = RateLimit(1, 0.02), list[str]()

    async def request(name: str, *, goes_first: bool = False) -> None:
        async with pace.turn(goes_first=goes_first):
            served.append(name)

    queue = [asyncio.create_task(request(f"{number}")) for number in range(4)]
    await asyncio.sleep(0.01)
    await request("first", goes_first=True)
    await asyncio.gather(*queue)
    assert served.index("first") <= 2
    assert sorted(served) == ["0", "1", "2", "3", "first"]
