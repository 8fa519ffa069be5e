"""The one cache: each answer for its time, one read for parallel requests, no failure kept."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from workflows.tasks import Cache


@dataclass(slots=True)
class Source:
    """Answers with a number that counts up, at a time that a test sets."""

    at: float = 100.0
    read: list[str] = field(default_factory=list)
    is_down: bool = False

    async def answer(self, asked: str) -> int:
        self.read.append(asked)
        number = len(self.read)
        await asyncio.sleep(0)
        if self.is_down:
            raise ConnectionError
        return number

    def cache(self, most: int = 10) -> Cache[str, int]:
        """A cache of these answers, for 30 seconds each."""
        return Cache(read=self.answer, kept_for=lambda _: timedelta(seconds=30), max_entries=most, now=lambda: self.at)


async def test_an_answer_is_kept_for_its_time() -> None:
    source = Source()
    cache = source.cache()
    assert await cache.get("a") == 1
    source.at += 29.9
    assert await cache.get("a") == 1
    source.at += 0.1
    assert await cache.get("a") == 2


async def test_a_clock_that_was_set_back_keeps_no_answer_for_longer() -> None:
    source = Source()
    cache = source.cache()
    assert await cache.get("a") == 1
    source.at -= 3600
    assert await cache.get("a") == 2


async def test_parallel_requests_are_one_read() -> None:
    source = Source()
    cache = source.cache()
    assert await asyncio.gather(*(cache.get("a") for _ in range(5)), cache.get("b")) == [1, 1, 1, 1, 1, 2]
    assert source.read == ["a", "b"]


async def test_a_new_read_replaces_what_is_kept() -> None:
    source = Source()
    cache = source.cache()
    assert (await cache.get("a"), await cache.read_now("a"), await cache.get("a")) == (1, 2, 2)


async def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    source = Source(is_down=True)
    cache = source.cache()
    failed = await asyncio.gather(*(cache.get("a") for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in failed] == [ConnectionError] * 3
    source.is_down = False
    assert await cache.get("a") == 2


async def test_who_stops_waiting_cancels_the_read_for_nobody() -> None:
    source = Source()
    cache = source.cache()
    waiting = [asyncio.create_task(cache.get("a")) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    assert await waiting[1] == 1
    assert source.read == ["a"]


async def test_the_oldest_are_removed_first() -> None:
    source = Source()
    cache = source.cache(most=2)
    for asked in ("a", "b", "c", "c", "b", "a"):
        await cache.get(asked)
    assert source.read == ["a", "b", "c", "a"]


async def test_what_is_forgotten_is_read_again() -> None:
    source = Source()
    cache = source.cache()
    await cache.get("a")
    cache.forget_all()
    assert (await cache.get("a"), source.read) == (2, ["a", "a"])
