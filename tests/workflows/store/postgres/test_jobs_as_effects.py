"""The queue in PostgreSQL holds the contract of every store about effects, and stores nothing twice or half."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib import resources
from itertools import pairwise

import psycopg
import pytest

from tests.workflows.core.builders import AMARA, MILLISECOND, NOW, RILEY, SAM, TENANT, text_message
from tests.workflows.fakes import FixedClock
from tests.workflows.store.postgres.jobs_database import JobsStore, empty_database
from tests.workflows.store.postgres.server import test_server
from tests.workflows.store.test_contract import (
    FIRST,
    OTHER,
    SECOND,
    UNSTORABLE,
    PagePosition,
    entry,
    test_a_card_that_changes_later_is_due_then_and_is_not_counted_before,
    test_a_parked_effect_delays_nothing_and_stays_counted,
    test_an_effect_is_due_from_the_moment_of_its_commit,
    test_an_effect_that_waits_delays_nobody_not_even_its_lane,
    test_each_lane_shows_its_oldest_effect,
    test_effects_are_counted_by_what_they_wait_for,
    test_pending_effects_survive_a_restart_in_order,
)
from workflows.core.errors.facts import text_fact
from workflows.core.people import ChatId
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.commands.request import CommandSubject, Withdraw
from workflows.core.requests.effects import (
    Apply,
    CheckPermission,
    Effect,
    Prepare,
    Priority,
    RemindPerson,
    SendMessage,
    ShowRequest,
)
from workflows.core.requests.request import RequestId
from workflows.ports.records import Commit, StoreUnusable
from workflows.store.common.rows import text_of
from workflows.store.postgres.jobs.deferring import job_priority
from workflows.store.postgres.migrations.procrastinate_tables import _shipped_steps, prepare_jobs
from workflows.store.redaction import RecordRedactor

__all__ = [
    "test_a_card_that_changes_later_is_due_then_and_is_not_counted_before",
    "test_a_parked_effect_delays_nothing_and_stays_counted",
    "test_an_effect_is_due_from_the_moment_of_its_commit",
    "test_an_effect_that_waits_delays_nobody_not_even_its_lane",
    "test_each_lane_shows_its_oldest_effect",
    "test_effects_are_counted_by_what_they_wait_for",
    "test_pending_effects_survive_a_restart_in_order",
]


@pytest.fixture
async def place() -> AsyncIterator[PagePosition]:
    """A database without effects, which can be opened again and again."""
    url = await empty_database()

    async def connect(clock: FixedClock) -> tuple[JobsStore, object]:
        store = JobsStore(url, clock)
        await store.open()
        return store, store.close

    place = PagePosition(connect)  # type: ignore[arg-type]
    yield place
    await place.close()


@pytest.fixture
async def store(place: PagePosition) -> JobsStore:
    """An empty queue."""
    return await place.open()  # type: ignore[return-value]


def check(number: int, person: ChatId = RILEY.chat_id) -> CheckPermission:
    """The check of a click."""
    command = Withdraw(actor=person, request_id=RequestId(f"r-{number}"))
    return CheckPermission(command=command, key=f"{person}:{number}")


async def put(store: JobsStore, *effects: Effect, key: str = "effects") -> None:
    """Commit effects."""
    assert await store.commit(Commit(entry=entry(key), effects=effects))


async def test_an_effect_is_stored_with_its_commit_or_not_at_all(store: JobsStore) -> None:
    with pytest.raises(Exception, match="surrogate"):
        await store.commit(Commit(entry=entry("half"), effects=(FIRST, UNSTORABLE)))
    assert await store.count_pending(NOW) == (0, 0, 0)


async def test_a_text_with_the_character_nul_is_stored(store: JobsStore) -> None:
    odd = SendMessage(person=RILEY.chat_id, subject=CommandSubject(), fact=text_message("nul: \x00 %s ? '"))
    await put(store, odd)
    assert [one.effect for one in await store.pending(NOW, 9)] == [odd]


async def test_what_failed_holds_no_secret_and_can_be_retried_or_dropped(store: JobsStore) -> None:
    store._clean = RecordRedactor(error=lambda text: text.replace("canary", "***"))
    await put(store, FIRST, OTHER)
    one, other = await store.pending(NOW, 9)
    await store.retry(one.id, NOW, (text_fact("the canary sang"),))
    await store.give_up(one.id, (text_fact("a canary again"),))
    await store.give_up(other.id, (text_fact("no"),))
    given_up = await store.given_up_effects()
    assert [(found.id, found.lane, found.effect) for found in given_up] == [
        (one.id, one.lane, FIRST),
        (other.id, other.lane, OTHER),
    ]
    assert [found.error[0].values["text"] for found in given_up] == ["a *** again", "no"]
    await store.drop_given_up(other.id)
    await store.drop_given_up(other.id)
    await store.retry_given_up(one.id)
    await store.retry_given_up(one.id)
    assert await store.given_up_effects() == []
    assert [(found.id, found.attempts) for found in await store.pending(NOW, 9)] == [(one.id, 0)]
    await store.drop_given_up(one.id)
    assert await store.count_pending(NOW) == (1, 0, 0), "only given up work can be dropped"
    [row] = await store.execute("select args::text as args from procrastinate_jobs")
    assert "canary" not in row["args"]


async def test_unchecked_clicks_and_messages_that_wait_are_listed(store: JobsStore) -> None:
    await put(store, check(1), FIRST, check(2), check(3))
    by_lane = {one.lane: one for one in await store.pending(NOW, 9)}
    await store.give_up(by_lane[f"judge:{RILEY.chat_id}:2"].id, (text_fact("no"),))
    assert [click.key for click in await store.unchecked_clicks()] == [f"{RILEY.chat_id}:{number}" for number in (1, 3)]
    message = by_lane[f"tell:{RILEY.chat_id}"]
    for _ in range(2):
        await store.retry(message.id, NOW + timedelta(minutes=1), (text_fact("busy"),))
    assert [one.lane for one in await store.waiting_messages(2)] == [message.lane]
    assert await store.waiting_messages(3) == []


async def test_an_effect_that_cannot_be_read_is_given_up_and_delays_nothing(store: JobsStore) -> None:
    await put(store, FIRST, SECOND)
    await store.execute("update procrastinate_jobs set args = args || jsonb_build_object('doc', '{') where id = 1")
    assert await store.pending(NOW, 9) == []
    assert [one.effect for one in await store.pending(NOW, 9)] == [SECOND]
    assert [(one.id, one.effect) for one in await store.given_up_effects()] == [(1, None)]


async def test_what_was_put_off_before_the_clock_was_set_back_is_due_now(store: JobsStore, place: PagePosition) -> None:
    await put(store, FIRST, ShowRequest(request_id=RequestId("r-1"), not_before=NOW + timedelta(days=2)))
    [message] = await store.pending(NOW, 9)
    await store.retry(message.id, NOW + timedelta(minutes=5), (text_fact("busy"),))
    place.clock.advance(days=-1)
    assert [one.effect for one in await store.pending(place.clock.now(), 9)] == [FIRST]
    await store.jobs.beat()
    await store.jobs.release_due()
    claimed = await store.jobs.claim_one(message.id)
    assert claimed is not None
    assert claimed.effect == FIRST


async def test_what_message_copies_ask_the_queue(store: JobsStore) -> None:
    """Whether an App Home, an update of a card or the same reminder waits already."""
    later = NOW + timedelta(minutes=1)
    held = ShowRequest(request_id=RequestId("r-1"), is_held=True)
    remind = RemindPerson(person=AMARA.chat_id, not_before=later)
    async with store.pool.connection() as connection:
        assert not await store._has_effect(connection, "card:r-1")
        assert not await store._has_held_update(connection, "card:r-1", "")
        await store._put_effect(connection, held, text_of(later))
        await store._put_effect(connection, remind, text_of(later))
        assert await store._has_effect(connection, "card:r-1")
        assert await store._has_held_update(connection, "card:r-1", text_of(NOW))
        assert not await store._has_held_update(connection, "card:r-1", text_of(later))
        same = RemindPerson(person=AMARA.chat_id, not_before=later + timedelta(days=1))
        assert await store._has_same_later(connection, same, text_of(NOW))
        assert not await store._has_same_later(connection, same, text_of(later))
        other = RemindPerson(person=AMARA.chat_id, not_before=later, of_expired=True)
        assert not await store._has_same_later(connection, other, text_of(NOW))
    assert await store.count_pending(NOW) == (1, 0, 0), "an update that was left for later counts as due"


async def test_a_persons_turns_follow_each_other_and_a_new_person_begins_with_the_first(store: JobsStore) -> None:
    write = Apply(request_id=RequestId("r-9"), tenant_id=TENANT)
    await put(store, *(check(number) for number in range(3)))
    await store.mark_done(1)
    revoke = CheckPermission(command=Revoke(actor=SAM.chat_id, target="contoso.com", reason="Incident"), key="revoke")
    behind = (
        check(1, SAM.chat_id),
        check(3),
        Prepare(request_id=RequestId("r-1"), asked_by=RILEY.chat_id),
        write,
        revoke,
    )
    await put(store, *behind, key="more")
    rows = await store.execute("select args->>'lane' as lane from procrastinate_jobs order by priority desc, id")
    assert [row["lane"] for row in rows] == [
        "judge:revoke",
        f"tenant:{TENANT}",
        "prepare:r-1",
        f"judge:{RILEY.chat_id}:1",
        f"judge:{SAM.chat_id}:1",
        f"judge:{RILEY.chat_id}:2",
        f"judge:{RILEY.chat_id}:3",
    ]


def test_no_number_of_turns_reaches_the_next_priority() -> None:
    for higher, lower in pairwise(Priority):
        assert job_priority(higher, 10**9) > job_priority(lower, 0)
        assert -(2**31) <= job_priority(lower, 10**9) < job_priority(higher, 0) < 2**31


# --- procrastinate's own tables ---


async def _schema_of(url: str) -> list[str]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        found = await connection.execute(
            """select 'f ' || proname || ' ' || pg_get_functiondef(oid) from pg_proc where proname like 'procrastinate%'
            union all select 'c ' || table_name || '.' || column_name || ' ' || data_type
                from information_schema.columns where table_name like 'procrastinate%'
            union all select 'i ' || indexdef from pg_indexes where tablename like 'procrastinate%'
            union all select 't ' || tgname from pg_trigger where tgname like 'procrastinate%' order by 1"""
        )
        return [row[0] for row in await found.fetchall()]


async def test_migrations_of_an_earlier_procrastinate_lead_to_the_same_tables() -> None:
    """From the tables of 3.2, with the names of its migrations recorded, to those of a new database."""
    folder = resources.files("procrastinate.sql") / "migrations"
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".sql"))
    known = [name for name in names if name < "03.03"]
    assert len(known) < len(names)
    fresh = await empty_database()
    with test_server().database(is_empty=True) as name:
        url = test_server().url(name)
        with psycopg.connect(url) as connection:
            for step in known:
                connection.execute((folder / step).read_bytes())
            connection.execute("create table job_schema_steps (name text primary key)")
            connection.execute("insert into job_schema_steps select unnest(%s::text[])", (known,))
        for _ in range(2):
            with psycopg.connect(url) as connection:
                prepare_jobs(connection)
        assert set(await _schema_of(fresh)) - set(await _schema_of(url)) == set()


async def test_tables_of_a_newer_version_are_refused() -> None:
    with psycopg.connect(await empty_database()) as connection:
        connection.execute("insert into job_schema_steps values ('99.00.00_01_pre_everything.sql')")
        with pytest.raises(StoreUnusable, match="newer"):
            prepare_jobs(connection)
        connection.rollback()


async def test_many_commits_at_once_store_each_effect_once(store: JobsStore) -> None:
    await asyncio.gather(*(put(store, check(number), key=f"k{number}") for number in range(40)))
    assert await store.count_pending(NOW) == (40, 0, 0)
    assert await store.count_pending(NOW - MILLISECOND) == (0, 40, 0)


def test_a_version_of_procrastinate_with_other_tables_needs_a_step_of_ours() -> None:
    """Its migrations are applied by our steps only. Databases that have these already would not get a new one."""
    assert _shipped_steps()[-1] == "03.04.00_50_post_add_retry_failed_job_procedure.sql"
    assert len(_shipped_steps()) == 38
