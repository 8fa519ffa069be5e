"""A limit of requests per time is kept by waiting; only requests that really start count."""

import asyncio
import time

import pytest

from tests.waiting import LONGEST_WAIT
from workflows.entra.transport.traffic.rate_limit import RateLimit
from workflows.ports.tenant import TenantUnavailable


async def test_no_more_than_the_limit_start_within_its_time() -> None:
    pace, began = RateLimit(2, 0.2, longest_wait=5.0), time.monotonic()
    started = []
    for _ in range(5):
        async with pace.turn():
            started.append(time.monotonic() - began)
    assert started[2] >= 0.19
    assert started[4] >= 0.38


async def test_nobody_waits_longer_than_told_and_who_gives_up_takes_no_turn() -> None:
    pace = RateLimit(1, 3600, longest_wait=0.05)
    async with pace.turn():
        pass
    turns = list(pace._free)
    with pytest.raises(TenantUnavailable) as caught:
        async with pace.turn():
            pass
    assert caught.value.is_throttled
    assert pace._free == turns
    pace._free = [float("-inf")]  # an hour later
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
    pace, both = RateLimit(2, 0.2), asyncio.Barrier(2)

    async def request() -> None:
        async with pace.turn():
            await both.wait()

    async with asyncio.timeout(LONGEST_WAIT):
        await asyncio.gather(request(), request())


async def test_who_goes_first_passes_the_queue() -> None:
    pace, served, may_end = RateLimit(1, 0.02), list[str](), asyncio.Event()

    async def request(name: str, *, goes_first: bool = False) -> None:
        async with pace.turn(goes_first=goes_first):
            served.append(name)
            await may_end.wait()

    queue = [asyncio.create_task(request(f"{number}")) for number in range(4)]
    await asyncio.sleep(0)
    first = asyncio.create_task(request("first", goes_first=True))
    await asyncio.sleep(0)
    may_end.set()
    await asyncio.gather(first, *queue)
    assert served == ["0", "first", "1", "2", "3"]
