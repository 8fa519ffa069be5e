"""Reading in PostgreSQL: an unreadable record hides no other one, and lists are those of SQLite."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import AMARA, BRUNO, NOW, RILEY, SECURITY, TENANT, partnership, request
from tests.workflows.store.postgres.server import test_server
from tests.workflows.store.test_contract import entry, new, put, put_effects
from workflows.core.people import ChatId
from workflows.core.requests.effects import ShowHome
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.pages import START, PagePosition, PartnerFilter, RequestFilter
from workflows.ports.records import Commit
from workflows.store.postgres.location import PostgresLocation
from workflows.store.postgres.store import PostgresStore

NUL = "a\x00b"


@pytest.mark.parametrize("poison", ["", "{}", "no JSON", "[1]", '{"sum":"0123456789abcdef"}'])
async def test_a_record_that_cannot_be_read_is_left_out_of_lists(
    store: PostgresStore, database: str, location: PostgresLocation, poison: str
) -> None:
    other = TenantId(f"b{TENANT[1:]}")
    known = replace(partnership(version=1), identity=replace(partnership().identity, tenant_id=other))
    await put(store, new(1), new(2), partnership(version=1), known)
    test_server().run(
        f"update requests set doc = '{poison}' where id = 'r-1'",
        f"update partnerships set doc = '{poison}' where tenant_id = '{TENANT}'",
        database=database,
    )
    assert [one.id for one in await store.open_requests()] == ["r-2"]
    assert [one.identity.tenant_id for one in await store.partnerships(lambda one: one)] == [other]
    page = await store.partners_page(PartnerFilter(), limit=9, position=START)
    assert (len(page.items), page.count, page.size) == (1, 2, 2)
    found = await store.requests_page(RequestFilter(), limit=9, position=START)
    assert (len(found.items), found.count) == (1, 2)
    waiting = await store.requests_waiting([SECURITY], [BRUNO.chat_id], 9)
    assert (len(waiting.items), waiting.count) == (1, 2)
    records = await store.records()
    assert records.unreadable == {TENANT}
    assert set(records.requests) == {"r-2"}
    assert (await store.records(TENANT)).unreadable == {TENANT}
    beside = await location.read_records()
    assert beside is not None
    assert beside.unreadable == {TENANT}


async def test_an_effect_that_cannot_be_read_is_given_up_and_delays_nobody(
    store: PostgresStore, location: PostgresLocation, database: str
) -> None:
    await put_effects(store, ShowHome(person=RILEY.chat_id), ShowHome(person=BRUNO.chat_id))
    test_server().run(
        "update procrastinate_jobs set args = args || jsonb_build_object('doc', '{') where id = 1", database=database
    )
    assert [one.effect for one in await store.pending(NOW, 9)] == [ShowHome(person=BRUNO.chat_id)]
    assert await store.count_pending(NOW) == (1, 0, 1)
    [given_up] = await asyncio.to_thread(location.read_given_up)
    assert (given_up.id, given_up.lane) == (1, f"home:{RILEY.chat_id}")


async def test_texts_with_nul_are_stored_searched_and_read(store: PostgresStore) -> None:
    fields = replace(request().fields, target=NUL, justification=NUL)
    await put(store, new(1, fields=fields))
    stored = await store.request(RequestId("r-1"))
    assert stored is not None
    assert stored.fields == fields, "in a document it is written as an escape"
    for text in ("ab", NUL):
        assert (await store.requests_page(RequestFilter(text=text), limit=9, position=START)).count == 1
    assert list(await store.partnerships_named(NUL)) == []
    await store.save_home_position(ChatId("U1"), NUL)
    assert await store.home_position(ChatId("U1")) == "ab"


@pytest.mark.parametrize("cursor", [("no number", "2026", "r"), ("1", NUL, NUL), ("99999999999", "", "")])
async def test_a_place_of_another_list_gives_the_first_page(store: PostgresStore, cursor: tuple[str, ...]) -> None:
    await put(store, new(1))
    page = await store.own_page([RILEY.chat_id], text="", limit=9, position=PagePosition(cursor=cursor))
    assert page.count == 1


async def test_the_history_of_a_request_has_no_place_that_is_no_number(store: PostgresStore) -> None:
    await store.commit(Commit(entry=entry("k", request_id=RequestId("r-1"))))
    position = PagePosition(cursor=("of another list",))
    assert len((await store.history_page(RequestId("r-1"), limit=9, position=position)).items) == 1


async def test_what_replaced_a_result_is_compared_to_the_microsecond(store: PostgresStore) -> None:
    def applied(number: int, microseconds: int) -> AccessRequest:
        at = NOW + timedelta(microseconds=microseconds)
        return new(number, state=RequestState.APPLIED, changed_at=at, confirmed_at=at)

    first, second, third = (applied(number, number) for number in range(3))
    await put(store, second, third, first)
    replaced = await store.first_to_replace(first)
    assert replaced == second
    assert await store.first_to_replace(third) is None


async def test_lists_are_sorted_as_in_sqlite_whatever_the_language_of_the_database_is(store: PostgresStore) -> None:
    """By the bytes of the texts: a capital letter is before a small one, and an accent after both."""
    for number, domain in enumerate(("b.example", "a.example", "B.example", "é.example", "a-b.example", "ab.example")):
        identity = replace(partnership().identity, tenant_id=TenantId(f"t{number}"), default_domain=domain)
        await put(store, partnership(version=1, identity=identity))
    found = [one.default_domain for one in await store.identities()]
    assert found == sorted(found, key=str.encode)


async def test_marks_alarms_and_the_freeze_are_read_beside_the_bot(
    store: PostgresStore, location: PostgresLocation
) -> None:
    await store.save_mark("name", "value")
    assert await asyncio.to_thread(location.read_mark, "name") == "value"
    assert await asyncio.to_thread(location.read_mark, "other") == ""
    assert await asyncio.to_thread(location.read_freeze) is None
    assert await asyncio.to_thread(location.read_open_alarms) == []


async def test_a_reader_of_everything_delays_no_commit(store: PostgresStore) -> None:
    """Many records are read with a connection of their own; commits go on meanwhile."""
    await put(store, *(new(number) for number in range(20)))
    reading = asyncio.create_task(store.records())
    await put(store, *(new(number) for number in range(20, 30)))
    assert len((await reading).requests) in range(20, 31)
    assert len(await store.open_requests()) == 30


async def test_the_limits_of_a_person_read_no_entry_of_others(store: PostgresStore, database: str) -> None:
    """An old audit log has a million entries, and each approval asks."""
    columns = "seq, key, at, actor, command, outcome, account, details"
    test_server().run(
        f"""insert into audit ({columns}) select n, 'k' || n, '2026-01-01', 'U' || n % 500, 'want_approve', 'received',
            'P' || n % 500, '{{}}' from generate_series(1, 5000) as n""",
        "analyze audit",
        database=database,
    )
    read: list[tuple[str, tuple[object, ...]]] = []
    query = store._query

    async def noted(sql: str, *values: object) -> list[dict[str, Any]]:
        read.append((sql, values))
        return await query(sql, *values)

    store._query = noted  # type: ignore[method-assign]
    await store.times_of(AMARA.chat_id, AMARA.id, ["approve", "approve_batch"], NOW, unchecked_before="k7")
    await store.approved_before("k7", AMARA.chat_id, AMARA.id, NOW)
    plans = ["\n".join(row["QUERY PLAN"] for row in await query(f"explain {sql}", *values)) for sql, values in read]
    assert len(plans) == 2
    for plan in plans:
        assert "Seq Scan on audit" not in plan
