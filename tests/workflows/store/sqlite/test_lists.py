"""Lists and searches in SQLite: which index they use, and records that an older version stored."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.workflows.core.builders import AMARA, BRUNO, NOW, RILEY, SECURITY, approval, request
from tests.workflows.fakes import FixedClock
from tests.workflows.store.test_pages import partner
from tests.workflows.store.test_request_search import sent
from tests.workflows.world import QuickStore
from workflows.core.requests.request import RequestId, RequestState
from workflows.ports.pages import START, PagePosition, PartnerFilter, RequestFilter
from workflows.store.codec import PARTNERSHIP, REQUEST, dump
from workflows.store.common.queries import SQLITE, request_conditions
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.store import open_store

S = RequestState


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[QuickStore]:
    """A store without records."""
    store = QuickStore(tmp_path / "gatehouse.db", FixedClock())
    await store.open()
    yield store
    await store.close()


async def test_a_page_of_five_thousand_partners_reads_ten_documents(store: QuickStore) -> None:
    row = "insert into partnerships (tenant_id, version, state, domain, doc, sought) values (?, 1, 'active', ?, ?, ?)"
    one = dump(PARTNERSHIP, partner(0))
    many = [(f"id-{number:05}", f"p{number:05}", one, f"p{number:05}") for number in range(5000)]
    await store._run(lambda: store._db.conn.executemany(row, many))
    wanted = PartnerFilter(text="7")
    page = await store.partners_page(wanted, limit=10, position=PagePosition(cursor=("p04000", "id-04000")))
    assert (len(page.items), page.first_cursor[0]) == (10, "p04007")
    assert page.count > 1000
    sql = "explain query plan select count(*) from partnerships where instr(sought, ?) > 0 and state in ('active')"
    plan = " ".join(row["detail"] for row in await store._query(sql, "7"))
    assert "COVERING INDEX" in plan, "no document is read to count"


async def test_records_of_an_older_version_are_sorted_and_found(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    db = Database(path)
    migrations.apply(db, stop_before="m014_lists_and_homes")
    for request_id, doc in (("r-1", dump(REQUEST, request(id=RequestId("r-1"), version=1))), ("r-2", "{}")):
        db.execute(
            """insert into requests (id, version, state, is_open, requester, created_at, doc, waits_for)
            values (?, 1, 'awaiting_approval', 1, ?, '2027', ?, 'security')""",
            (request_id, RILEY.chat_id, doc),
        )
    for tenant_id, doc in (("t-1", dump(PARTNERSHIP, partner(1))), ("t-2", "[]"), ("t-3", "no JSON")):
        db.execute(
            "insert into partnerships (tenant_id, version, state, domain, doc) values (?, 1, 'active', ?, ?)",
            (tenant_id, tenant_id, doc),
        )
    db.conn.commit()
    db.close()
    store = await open_store(path, FixedClock())
    try:
        found = await store.waiting_page([SECURITY], [BRUNO.chat_id], text="contoso", limit=9, position=START)
        assert [one.id for one in found.items] == ["r-1"]
        assert found.first_cursor[0].startswith(f"{request().expires_at:%Y-%m-%d}")
        every = await store.partners_page(PartnerFilter(), limit=9, position=START)
        assert (len(every.items), every.count, every.count_after) == (1, 3, 0), "what cannot be read is counted"
        wanted = PartnerFilter(sponsor_text="sam", template="trusted", text="partner0001", ends_after=NOW)
        assert (await store.partners_page(wanted, limit=9, position=START)).count == 1
    finally:
        await store.close()


async def test_a_search_reads_only_one_index_and_the_documents_of_one_page(store: QuickStore) -> None:
    row = """insert into requests (id, version, state, is_open, requester, created_at, doc, sought, requester_sought,
        deciders, template) values (?, 1, 'applied', 0, 'U', ?, ?, ?, ?, 'amara', 'trusted')"""
    one = dump(REQUEST, sent(0))
    many = [(f"id-{n:05}", f"2027-{n:05}", one if n == 4711 else "{}", f"id-{n:05}", "riley") for n in range(5000)]
    await store._run(lambda: store._db.conn.executemany(row, many))
    found = await store.requests_page(RequestFilter(text="id-04711", requester="riley"), limit=20, position=START)
    assert (len(found.items), found.count, found.size) == (1, 1, 1)
    whole = RequestFilter(
        text="a",
        requester="b",
        approver="c",
        template="d",
        states=frozenset({S.APPLIED}),
        is_partly_applied=True,
        sent_from=NOW,
        sent_before=NOW,
    )
    where, values = request_conditions(SQLITE, whole)
    plan = await store._query(f"explain query plan select count(*) from requests where {where}", *values)
    assert "COVERING INDEX requests_searched (created_at>? AND created_at<?)" in " ".join(row["detail"] for row in plan)
    where, values = request_conditions(SQLITE, RequestFilter(approver="c"))
    plan = await store._query(f"explain query plan select count(*) from requests where {where}", *values)
    assert "COVERING INDEX requests_searched" in " ".join(row["detail"] for row in plan), "no document is read to count"


async def test_requests_of_an_older_version_are_found(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    db = Database(path)
    migrations.apply(db, stop_before="m016_search_of_requests")
    decided = sent(1, decisions=(approval(AMARA, 0),), void_decisions=(approval(BRUNO, 0),))
    for request_id, doc in ((decided.id, dump(REQUEST, decided)), ("r-2", "{}"), ("r-3", "no JSON"), ("r-4", "[]")):
        db.execute(
            """insert into requests (id, version, state, is_open, requester, created_at, doc, sought)
            values (?, 1, 'awaiting_approval', 1, ?, '2027', ?, ?)""",
            (request_id, RILEY.chat_id, doc, str(request_id).lower()),
        )
    db.conn.commit()
    db.close()
    store = await open_store(path, FixedClock())
    try:
        for wanted in (
            RequestFilter(requester="riley", template="trusted partner"),
            RequestFilter(approver="amara"),
            RequestFilter(approver="bruno"),
        ):
            assert [one.id for one in (await store.requests_page(wanted, limit=9, position=START)).items] == [
                decided.id
            ]
        every = await store.requests_page(RequestFilter(requester=RILEY.chat_id), limit=9, position=START)
        assert (len(every.items), every.count) == (1, 3), "what cannot be read is counted"
    finally:
        await store.close()


async def test_partly_applied_requests_of_an_older_version_are_found(tmp_path: Path) -> None:
    path = tmp_path / "gatehouse.db"
    db = Database(path)
    migrations.apply(db, stop_before="m017_results_that_nobody_approved")
    part = sent(1, state=S.FAILED, applied_part=1)
    for request_id, doc in ((part.id, dump(REQUEST, part)), ("r-2", "{}"), ("r-3", "no JSON"), ("r-4", "[]")):
        db.execute(
            """insert into requests (id, version, state, is_open, requester, created_at, doc, sought)
            values (?, 1, 'failed', 0, 'U', '2027', ?, '')""",
            (request_id, doc),
        )
    db.conn.commit()
    db.close()
    store = await open_store(path, FixedClock())
    try:
        found = await store.requests_page(RequestFilter(is_partly_applied=True), limit=9, position=START)
        assert ([one.id for one in found.items], found.count) == ([part.id], 1)
    finally:
        await store.close()
