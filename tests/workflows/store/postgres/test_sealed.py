"""Records in PostgreSQL are believed only as signed entries name them, whoever can write to the database."""

import asyncio
from dataclasses import replace

import pytest

from tests.workflows.core.builders import RILEY, TENANT, partnership
from tests.workflows.store.postgres.server import test_server
from tests.workflows.store.test_contract import entry, new, put
from workflows.core.audit.verifying import ChainProblemCode
from workflows.core.requests.commands.request import Withdraw
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import RequestId, RequestState
from workflows.ports.audit_log import RestsOn
from workflows.ports.records import Commit
from workflows.store.codec import EFFECT, REQUEST, dump, with_checksum
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.store import PostgresStore

CLICK = CheckPermission(command=Withdraw(actor=RILEY.chat_id, request_id=RequestId("r-1")), key="click")


async def codes(store: PostgresStore, **about: object) -> list[str]:
    """Why something is not believed: the codes."""
    return [one.code.value for one in await store.unproven(RestsOn(**about))]  # type: ignore[arg-type]


def forge(database: str, sql: str, text: str) -> None:
    """Write a text into the database, as somebody with its password would."""
    test_server().run(sql.replace("?", "$doc$" + text + "$doc$"), database=database)


async def test_what_was_committed_is_believed_and_what_was_changed_is_not(
    store: PostgresStore, location: PostgresLocation, database: str
) -> None:
    await put(store, new(1), partnership(version=1))
    assert await codes(store, request_id="r-1", tenant_id=TENANT) == []
    forged = with_checksum(dump(REQUEST, new(1, state=RequestState.APPLYING)))
    forge(database, "update requests set doc = ? where id = 'r-1'", forged)
    assert await codes(store, request_id="r-1") == [ChainProblemCode.RECORD_CHANGED]
    assert await codes(store, tenant_id=TENANT) == [], "another record is believed"
    assert [one.record for one in store.take_unproven()] == ["requests r-1"]
    assert list(store.take_unproven()) == []
    check = await asyncio.to_thread(location.verify_audit)
    assert [one.record for one in check.problems] == ["requests r-1"]


async def test_an_earlier_row_and_an_unknown_one_are_not_believed(store: PostgresStore, database: str) -> None:
    first = new(1)
    await put(store, first, new(1, version=2, state=RequestState.REJECTED))
    forge(database, "update requests set doc = ?, version = 1 where id = 'r-1'", with_checksum(dump(REQUEST, first)))
    assert await codes(store, request_id="r-1") != []
    assert await codes(store, request_id="r-2") == [], "there is none"
    test_server().run("delete from requests", database=database)
    assert await codes(store, request_id="r-1") != []


async def test_only_a_received_click_is_checked(store: PostgresStore, database: str) -> None:
    await store.commit(Commit(entry=entry("click"), effects=(CLICK,)))
    assert await codes(store, click=CLICK) == []
    other = replace(CLICK, key="other")
    sql = """insert into procrastinate_jobs (queue_name, task_name, lock, args)
        select 'check', 'effect', 'judge:other', args || jsonb_build_object('lane', 'judge:other', 'doc', ?::text)
        from procrastinate_jobs"""
    forge(database, sql, dump(EFFECT, other))
    assert await codes(store, click=other) == [ChainProblemCode.RECORD_ADDED]


async def test_entries_that_are_gone_or_added_are_noticed_between_two_questions(
    store: PostgresStore, database: str
) -> None:
    await put(store, new(1), new(2))
    assert await codes(store) == []
    test_server().run("delete from audit where seq = 2", database=database)
    assert await codes(store) != []
    assert await codes(store, whole_log=False) == []


@pytest.mark.parametrize("writers", [20])
async def test_records_are_believed_after_many_commits_at_the_same_time(
    store: PostgresStore, beside: PostgresStore, location: PostgresLocation, writers: int
) -> None:
    stores = (store, beside)
    commits = [Commit(entry=entry(f"c{n}"), request=new(n)) for n in range(writers)]
    await asyncio.gather(*(stores[n % 2].commit(one) for n, one in enumerate(commits)))
    again = [Commit(entry=entry(f"d{n}"), request=new(n % 5, version=2)) for n in range(writers)]
    await asyncio.gather(*(stores[n % 2].commit(one) for n, one in enumerate(again)), return_exceptions=True)
    questions = (store.unproven(RestsOn(request_id=f"r-{n}")) for n in range(writers))
    assert [list(found) for found in await asyncio.gather(*questions)] == [[]] * writers
    assert (await asyncio.to_thread(location.verify_audit)).problems == ()
