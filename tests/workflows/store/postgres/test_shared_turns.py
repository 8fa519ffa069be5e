"""What several processes of one database share beside effects: the lead, notes, the use lock and the version."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from tests.waiting import LONGEST_WAIT
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.server import test_server
from workflows.ports.records import StoreNotWritable, StoreTrouble, StoreUnusable
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.store import PostgresStore


@pytest.fixture
async def bots(location: PostgresLocation) -> AsyncIterator[list[PostgresStore]]:
    """Two bots on one database."""
    clock = FixedClock()
    async with AsyncExitStack() as stack:
        stores = [await location.open_for_bot(clock) for _ in range(2)]
        for store in stores:
            stack.push_async_callback(store.close)
        yield stores


async def leads(store: PostgresStore) -> bool:
    """Whether this one leads now."""
    async with store.shared_queue.leading("ticker") as is_mine:
        return is_mine


@pytest.mark.threats("G9")
async def test_one_bot_leads_until_it_resigns_leaves_or_is_dead(bots: list[PostgresStore], database: str) -> None:
    first, second = bots
    assert [await leads(store) for store in (first, second, first, second)] == [True, False, True, False]
    await first.shared_queue.resign("ticker")
    assert [await leads(store) for store in (second, first)] == [True, False]
    await second.shared_queue.leave()
    assert await leads(first)
    test_server().run("update procrastinate_workers set last_heartbeat = now() - interval '1 hour'", database=database)
    await second.shared_queue.beat()
    assert [await leads(store) for store in (first, second, first)] == [False, True, False], "a silent one is dead"
    assert not await first.shared_queue.beat()
    await first.shared_queue.beat()
    await second.shared_queue.resign("ticker")
    assert await leads(first), "it is registered again"


async def test_a_bot_knows_how_many_there_are_and_whether_there_are_others(bots: list[PostgresStore]) -> None:
    first, second = bots
    await first.shared_queue.beat()
    assert not await first.shared_queue.has_others()
    await second.shared_queue.beat()
    await first.shared_queue.beat()
    assert await first.shared_queue.has_others()
    assert first.shared_queue.replicas == 2


async def test_every_bot_hears_of_a_note_until_it_is_forgotten(bots: list[PostgresStore]) -> None:
    first, second = bots
    begun, heard, told = asyncio.Event(), asyncio.Event(), list[str]()

    def hear(name: str) -> None:
        told.append(name)
        (heard if name else begun).set()

    second.shared_queue.on_note = hear
    listening = asyncio.create_task(second.shared_queue.listen(lambda: None))
    await asyncio.wait_for(begun.wait(), LONGEST_WAIT)
    await first.shared_notes.put("pause:graph:directory", "soon", kept_for=timedelta(seconds=30))
    await asyncio.wait_for(heard.wait(), LONGEST_WAIT)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert told == ["", "pause:graph:directory"]
    assert await second.shared_notes.read("pause:") == {"pause:graph:directory": "soon"}
    assert await second.shared_notes.read("other") == {}
    clock = first._clock
    assert isinstance(clock, FixedClock)
    clock.advance(minutes=1)
    assert await second.shared_notes.read("pause:") == {}


@pytest.mark.threats("G9")
async def test_what_must_be_alone_is_refused_while_bots_run_and_refuses_bots(
    bots: list[PostgresStore], location: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.store.postgres.opening.use_lock._WAIT_SECONDS", 0.2)
    with pytest.raises(StoreUnusable, match="another process uses") as raised:
        await location.open(FixedClock())
    assert not raised.value.is_temporary
    for store in bots:
        await store.close()
    alone = await location.open(FixedClock())
    with pytest.raises(StoreUnusable, match="another process uses") as raised:
        await location.open_for_bot(FixedClock())
    assert raised.value.is_temporary, "a bot waits for the end of the command"
    await alone.close()
    await (await location.open_for_bot(FixedClock())).close()


async def test_a_bot_of_another_version_writes_nothing_and_claims_nothing(
    bots: list[PostgresStore], database: str
) -> None:
    first, _ = bots
    await first.shared_queue.beat()
    test_server().run("update gatehouse_schema set version_num = 'p999'", database=database)
    with pytest.raises(StoreNotWritable) as raised:
        await first.save_mark("name", "value")
    assert raised.value.trouble is StoreTrouble.OTHER_VERSION
    assert await first.probe() is StoreTrouble.OTHER_VERSION
    assert not await first.is_still_mine()
    assert not await leads(first)
    test_server().run("update gatehouse_schema set version_num = 'p003'", database=database)
    assert await first.probe() is None
    assert await leads(first)
