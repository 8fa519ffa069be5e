"""Whoever has the password of the database, and not the key, opens nothing with jobs, numbers or triggers."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.workflows.core.builders import AMARA, BRUNO, NOW, RILEY
from tests.workflows.store.postgres.server import test_server
from tests.workflows.store.test_contract import entry, new, put
from tests.workflows.store.worlds import change, docs_of, forge_effect, open_world_of
from workflows.core.audit.personal import ERASED
from workflows.core.audit.verifying import ChainProblemCode
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.policy.delegation.absence import Absence, absence_id
from workflows.core.requests.commands.request import Withdraw
from workflows.core.requests.effects import Apply, CheckPermission, WorkKind
from workflows.core.requests.request import RequestState
from workflows.ports.audit_log import RestsOn
from workflows.ports.records import Commit, StaleVersion
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.locks import PEOPLE_LOCK
from workflows.store.postgres.store import PostgresStore

EVERY = tuple(WorkKind)
ZOE = Person(id=PersonId("5f0c1e7a-0000-4000-8000-00000000face"), chat_id=ChatId("UZOE0001"), name="Zoë O'Neil-Brandt")


def click(key: str) -> CheckPermission:
    """A click that was never received."""
    return CheckPermission(command=Withdraw(actor=RILEY.chat_id, request_id=new(1).id), key=key)


async def codes(store: PostgresStore, about: RestsOn) -> list[str]:
    """Why something is not believed."""
    return [one.code.value for one in await store.unproven(about)]


@pytest.mark.threats("G7")
async def test_a_click_in_the_lane_of_a_received_one_decides_nothing(tmp_path: Path) -> None:
    async with open_world_of("postgres", tmp_path) as world:
        request = await world.waiting()
        await world.service.store_click(world.approval(request, RILEY), key="mine")
        forge_effect(world, CheckPermission(command=world.approval(request, AMARA), key="mine"))
        assert len(docs_of(world, "judge:mine")) == 2
        await world.settle()
        assert (await world.request(request.id)).decisions == ()
        assert await world.refusals() == [(RILEY.chat_id, RefusalCode.REQUESTER_MAY_NOT_DECIDE)], (
            "the other one has no result"
        )


@pytest.mark.threats("G7")
async def test_a_job_that_was_made_another_one_writes_nothing(tmp_path: Path) -> None:
    """Any job of a real request becomes one that applies it."""
    async with open_world_of("postgres", tmp_path) as world:
        request = await world.waiting()
        forge_effect(world, Apply(request_id=request.id, tenant_id=request.plan.tenant_id))
        change(world, "update procrastinate_jobs set attempts = 0, status = 'todo', worker_id = null")
        await world.settle()
        assert (world.tenant.writes, (await world.request(request.id)).state) == ([], RequestState.AWAITING_APPROVAL)


async def test_a_job_that_nobody_can_read_is_given_up_and_holds_up_nothing(store: PostgresStore, database: str) -> None:
    await store.commit(Commit(entry=entry("c"), effects=(click("real"),)))
    for args in ("{}", "[]", '{"doc": 7, "lane": "judge:x"}'):
        test_server().run(
            f"""insert into procrastinate_jobs (queue_name, task_name, lock, priority, args)
            values ('check', 'effect', null, 1000000000, '{args}')""",
            database=database,
        )
    queue = store.shared_queue
    await queue.beat()
    claimed = await queue.claim(EVERY)
    while claimed is None:
        claimed = await queue.claim(EVERY)
    assert claimed.effect == click("real")
    assert [one.effect for one in await store.given_up_effects()] == [None] * 3
    assert (await store.count_pending(NOW))[2] == 3


@pytest.mark.threats("G7")
async def test_a_trigger_that_changes_what_is_stored_makes_nothing_believed(
    store: PostgresStore, database: str
) -> None:
    test_server().run(
        """create function forge() returns trigger language plpgsql as $$
            begin new.doc = replace(new.doc, 'trusted-partner', 'guest-documents'); return new; end $$""",
        "create trigger forge before insert or update on requests for each row execute function forge()",
        database=database,
    )
    await put(store, new(1))
    assert await codes(store, RestsOn(request_id=new(1).id)) == [ChainProblemCode.RECORD_CHANGED]
    test_server().run("drop trigger forge on requests", database=database)
    await put(store, new(1, version=2))
    assert await codes(store, RestsOn(request_id=new(1).id)) == [ChainProblemCode.RECORD_CHANGED], "nor what follows"


@pytest.mark.threats("G7")
@pytest.mark.parametrize("change_of_head", ["seq + 1", "seq + 1000"])
async def test_a_head_beyond_the_newest_entry_is_a_cut(
    store: PostgresStore, database: str, change_of_head: str
) -> None:
    await put(store, new(1))
    assert await codes(store, RestsOn()) == []
    test_server().run(f"update audit_head set seq = {change_of_head}", database=database)
    assert await codes(store, RestsOn()) == [ChainProblemCode.TAIL_CUT]
    await put(store, new(2))
    assert await codes(store, RestsOn()) == [ChainProblemCode.TAIL_CUT]
    assert not (await store.verify_chain()).is_whole


async def test_a_head_below_the_newest_entry_gives_no_number_twice(store: PostgresStore, database: str) -> None:
    await put(store, new(1), new(2))
    test_server().run("update audit_head set seq = 0", database=database)
    await put(store, new(3))
    assert [row.seq for row in await store.rows_after(0, limit=10)] == [1, 2, 3]
    assert (await codes(store, RestsOn()), (await store.verify_chain()).is_whole) == ([], True)


def absence(number: int, person: Person) -> Absence:
    """An absence that has ended."""
    begun, ended = NOW - timedelta(days=9), NOW - timedelta(days=1)
    return Absence(
        id=absence_id(person.id, number),
        version=1,
        person=person,
        delegate=BRUNO,
        from_=begun,
        until=ended,
        set_by=person,
        set_at=begun,
    )


async def test_a_person_gets_one_number_whichever_processes_name_them_at_once(
    store: PostgresStore, beside: PostgresStore
) -> None:
    stores = (store, beside)
    pairs = (None, ZOE.id, None, ZOE.id)
    commits = [
        Commit(entry=replace(entry(f"c{n}"), actor=ZOE.chat_id, account=pairs[n % 4]), absence=absence(n, ZOE))
        for n in range(20)
    ]
    await asyncio.gather(*(stores[n % 2].commit(one) for n, one in enumerate(commits)))
    person = await store.personal_data.known_person(ZOE.id)
    assert person is not None
    assert set(person.ids) == {ZOE.id, ZOE.chat_id}
    again = await beside.personal_data.known_person(ZOE.chat_id)
    assert again == person
    assert (await codes(store, RestsOn()), (await store.verify_chain()).problems) == ([], ())


async def test_an_erasure_beside_commits_of_other_processes_leaves_a_whole_log_and_nothing_of_the_person(
    store: PostgresStore, beside: PostgresStore, database: str
) -> None:
    for number in range(3):
        by_them = replace(entry(f"z{number}"), actor=ZOE.chat_id, account=ZOE.id)
        await store.commit(Commit(entry=by_them, absence=absence(number, ZOE)))
    person = await store.personal_data.known_person(ZOE.id)
    assert person is not None

    async def others(one: PostgresStore, name: str, offset: int) -> None:
        for number in range(15):
            await one.commit(Commit(entry=entry(f"{name}{number}"), request=new(number + offset)))

    work = store.personal_data.erase(person, key="erase", actor="gatehouse")
    count, *_ = await asyncio.gather(work, others(store, "a", 0), others(beside, "b", 100))
    assert count.records == 3
    assert (await codes(store, RestsOn()), (await beside.verify_chain()).problems) == ([], ())
    rows = test_server().rows("select a::text from audit as a union all select b::text from absences as b", database)
    assert [row for (row,) in rows if ZOE.id in row or ZOE.chat_id in row] == []
    assert len([one for one in await store.history(limit=100) if one.command == ERASED]) == 1


async def test_a_record_that_is_stored_meanwhile_and_names_the_person_ends_the_erasure(
    store: PostgresStore, beside: PostgresStore, location: PostgresLocation, database: str
) -> None:
    """Its transaction began before that of the erasure, which waits for it."""
    await store.commit(Commit(entry=replace(entry("z"), actor=ZOE.chat_id, account=ZOE.id), absence=absence(1, ZOE)))
    person = await store.personal_data.known_person(ZOE.id)
    assert person is not None
    with psycopg.connect(location.server.url) as connection:
        connection.execute("select pg_advisory_xact_lock_shared(%s)", [PEOPLE_LOCK])
        erasing = asyncio.create_task(store.personal_data.erase(person, key="erase", actor="gatehouse"))
        await asyncio.sleep(0.3)
        assert not erasing.done()
        connection.execute("update absences set ends_at = '9999'")  # as if it had been set anew
    with pytest.raises(StaleVersion):
        await erasing
    assert (await store.personal_data.known_person(ZOE.id)) == person
