"""What several processes of one database share beside effects: the lead, notes, the use lock and the version."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.waiting import LONGEST_WAIT
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.server import test_server
from workflows.ports.records import StoreNotWritable, StoreTrouble, StoreUnusable
from workflows.store.postgres.jobs.claim_statements import BEAT, GIVE_BACK_OTHERS, LEAVE
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.locks import USE_LOCK
from workflows.store.postgres.migrations import STEPS
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


def rows(database: str, sql: str) -> list[tuple[Any, ...]]:
    """What the database has, read by another connection."""
    with psycopg.connect(test_server().url(database), autocommit=True) as connection:
        return connection.execute(sql.encode()).fetchall()


def run(database: str, sql: str) -> None:
    """Change the database by another connection."""
    test_server().run(sql, database=database)


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


async def test_a_bot_that_was_killed_is_no_other_one_from_that_moment(bots: list[PostgresStore], database: str) -> None:
    """Its heartbeat is new, but its session has ended. So the only bot that starts then is not refused for it."""
    first, second = bots
    await first.shared_queue.beat()
    await second.shared_queue.beat()
    assert second._use_lock is not None
    await second._use_lock.release()
    assert rows(database, "select count(*) from procrastinate_workers") == [(2,)]
    assert not await first.shared_queue.has_others()
    assert await second.probe() is None
    assert await first.shared_queue.has_others(), "its session was lost, and it has another one"


async def test_a_note_is_stored_while_others_write_old_ones(bots: list[PostgresStore], database: str) -> None:
    """Otherwise two that store notes, and forget the old ones, may wait for each other."""
    _, second = bots
    run(database, "insert into shared_notes (name, doc, kept_until) values ('a', '', '2000'), ('b', '', '2000')")
    with psycopg.connect(test_server().url(database)) as connection:
        connection.execute("select 1 from shared_notes where name = 'a' for update")
        async with asyncio.timeout(LONGEST_WAIT):
            await second.shared_notes.put("c", "new", kept_for=timedelta(seconds=30))
        assert rows(database, "select name from shared_notes order by name") == [("a",), ("c",)]
    await second.shared_notes.put("c", "new", kept_for=timedelta(seconds=30))
    assert rows(database, "select name from shared_notes") == [("c",)]


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
    assert await leads(first)
    test_server().run("update gatehouse_schema set version_num = 'p999'", database=database)
    with pytest.raises(StoreNotWritable) as raised:
        await first.save_mark("name", "value")
    assert raised.value.trouble is StoreTrouble.OTHER_VERSION
    assert await first.probe() is StoreTrouble.OTHER_VERSION
    assert not await first.is_still_mine()
    assert not await leads(first), "nothing due would be done: it can store nothing"
    assert not rows(database, "select id from procrastinate_jobs where task_name = 'turn'"), "another one can lead"
    run(database, f"update gatehouse_schema set version_num = '{STEPS[-1]}'")
    assert await first.probe() is None
    assert await leads(first)


async def test_a_bot_that_lost_its_lock_to_a_command_claims_leads_and_opens_nothing(
    bots: list[PostgresStore], database: str, location: PostgresLocation
) -> None:
    first, second = bots
    await second.close()
    assert await leads(first)
    run(
        database,
        f"""select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
            and mode = 'ShareLock' and objid = {USE_LOCK & 0xFFFFFFFF}""",
    )
    alone = await location.open(FixedClock())
    assert await first.probe() is StoreTrouble.LOCKED
    assert not await first.is_still_mine()
    assert not await leads(first)
    assert await first.shared_queue.claim_one(1) is None
    await alone.close()
    assert await first.probe() is None
    assert await first.is_still_mine()
    assert await leads(first)


async def test_an_error_of_one_write_is_no_lost_lock(bots: list[PostgresStore]) -> None:
    """Two transactions that wait for each other are told the same as a lost lock, and nothing else is wrong."""
    first, _ = bots
    first._note(StoreTrouble.LOCKED)
    assert await first.is_still_mine()
    assert await leads(first)


async def test_a_bot_registers_once_also_when_it_beats_and_ticks_at_the_same_moment(
    bots: list[PostgresStore], database: str
) -> None:
    first, _ = bots
    await asyncio.gather(first.shared_queue.beat(), leads(first), first.shared_queue.beat())
    assert len(rows(database, "select id from procrastinate_workers")) == 1


async def test_a_bot_that_performs_no_effects_yet_keeps_the_lead(
    bots: list[PostgresStore], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Effects wait until Entra has said which tenant it is. Ticks do not."""
    first, _ = bots
    assert await leads(first)
    run(database, "update procrastinate_workers set last_heartbeat = now() - interval '21 s'")
    assert await leads(first), "nobody else has taken it"
    assert not rows(database, "select id from procrastinate_workers where last_heartbeat < now() - interval '20 s'")
    run(database, "update procrastinate_workers set last_heartbeat = now() - interval '19 s'")
    beaten, execute = asyncio.Event(), first.shared_queue._execute

    async def told(sql: str, values: Any = None) -> int:
        found = await execute(sql, values)
        if sql == BEAT:
            beaten.set()
        return found

    monkeypatch.setattr(first.shared_queue, "_execute", told)
    async with first.shared_queue.leading("ticker") as is_mine:
        assert is_mine
        await asyncio.wait_for(beaten.wait(), LONGEST_WAIT)
    assert not rows(database, "select id from procrastinate_workers where last_heartbeat < now() - interval '3 s'")


async def test_every_bot_can_say_which_one_leads(bots: list[PostgresStore], database: str) -> None:
    first, second = bots
    assert await second.shared_queue.leader("ticker") is None
    assert await leads(first)
    [(worker,)] = rows(database, "select id from procrastinate_workers")
    assert [await store.shared_queue.leader("ticker") for store in bots] == [worker, worker]
    assert await second.shared_queue.leader("start") is None, "another lead"
    await first.shared_queue.resign("ticker")
    assert await second.shared_queue.leader("ticker") is None


async def test_in_a_tick_a_bot_knows_whether_it_still_leads(bots: list[PostgresStore], database: str) -> None:
    first, second = bots
    async with first.shared_queue.leading("ticker") as is_mine:
        assert is_mine
        assert await first.is_still_mine()
        run(database, "update procrastinate_workers set last_heartbeat = now() - interval '1 hour'")
        await second.shared_queue.beat()
        assert await leads(second)
        assert not await first.is_still_mine()
    assert await first.is_still_mine(), "nothing is held here"


@pytest.mark.parametrize("status", ["todo", "doing"])
async def test_a_turn_never_waits_so_its_lane_is_free(bots: list[PostgresStore], database: str, status: str) -> None:
    """Nobody claims a turn. One that waited would hold its lane for ever, and a revocation would wait behind it."""
    first, _ = bots
    await first.shared_queue.beat()
    [(worker,)] = rows(database, "select id from procrastinate_workers")
    values = (
        "'turn', 'turn', 'tenant:x', 'todo', null"
        if status == "todo"
        else f"'turn', 'turn', 'tenant:x', 'doing', {worker}"
    )
    run(database, f"insert into procrastinate_jobs (queue_name, task_name, lock, status, worker_id) values ({values})")
    await first.shared_queue._execute(GIVE_BACK_OTHERS, {"worker": worker, "known": []})
    assert rows(database, "select status::text from procrastinate_jobs") == [(status,)]
    await first.shared_queue.beat()
    assert not rows(database, "select id from procrastinate_jobs")


async def test_a_bot_that_leaves_gives_back_no_turn(bots: list[PostgresStore], database: str) -> None:
    first, _ = bots
    await first.shared_queue.beat()
    [(worker,)] = rows(database, "select id from procrastinate_workers")
    async with first.shared_queue.in_lane("tenant:x") as is_free:
        assert is_free
        await first.shared_queue._execute(LEAVE, (worker,))
        assert rows(database, "select status::text from procrastinate_jobs") == [("doing",)]
