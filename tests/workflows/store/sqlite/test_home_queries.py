"""The lists of an App Home are read by an index, so that their cost does not grow with what was done before."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.workflows.core.builders import DANA, NOW, RILEY, SECURITY, TENANT, partnership, request
from tests.workflows.fakes import FixedClock
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import ChatId, PersonId
from workflows.core.requests.commands.request import Withdraw
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.pages import START, PagePosition, PartnerFilter
from workflows.ports.records import Commit
from workflows.store.codec import EFFECT, dump
from workflows.store.common.queries import SQLITE, partner_conditions
from workflows.store.sqlite.migrations import migrations
from workflows.store.sqlite.store import SqliteStore, open_store

IDS: frozenset[ChatId | PersonId] = frozenset({DANA.chat_id, DANA.id})
LIVE = frozenset({PartnershipState.ACTIVE, PartnershipState.REVIEW_DUE})
LISTS = {
    "reviews": PartnerFilter(states=frozenset({PartnershipState.REVIEW_DUE}), asked=IDS),
    "sponsored": PartnerFilter(states=LIVE, sponsors=IDS),
    "ending": PartnerFilter(states=LIVE, sponsors=IDS, ends_after=NOW, ends_by=NOW + timedelta(days=30)),
    "overdue": PartnerFilter(overdue_at=NOW),
}


async def statements(store: SqliteStore) -> list[str]:
    """Record every statement that reads from now on."""
    found: list[str] = []

    def note(statement: str) -> None:
        if statement.lstrip().startswith("select"):
            found.append(statement)

    await store._run(lambda: store._db.conn.set_trace_callback(note))
    return found


async def plans_of(store: SqliteStore, read: list[str]) -> list[str]:
    """Return how SQLite performs these statements."""
    await store._run(lambda: store._db.conn.set_trace_callback(None))
    rows = [await store._query(f"explain query plan {statement}") for statement in read]
    return [str(row["detail"]) for plan in rows for row in plan]


@pytest.mark.parametrize("name", LISTS)
async def test_no_list_of_partners_reads_every_partner(tmp_path: Path, name: str) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    read = await statements(store)
    after = PagePosition(cursor=("2026-01-01", TENANT))
    for place in (START, after, replace(after, is_before=True)):
        await store.partners_page(LISTS[name], limit=10, position=place, by_end=True)
    found = await plans_of(store, read)
    assert any("partnerships" in detail for detail in found)
    assert not [detail for detail in found if detail.startswith("SCAN partnerships")]
    await store.close()


async def test_the_count_of_due_reviews_reads_no_document(tmp_path: Path) -> None:
    """Also that of a manager who is asked with a sponsor."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    conditions, values = partner_conditions(SQLITE, LISTS["reviews"], by_end=True)
    [plan, *_] = await store._query(f"explain query plan select count(*) from partnerships where {conditions}", *values)
    assert "USING COVERING INDEX partnerships_by_state" in plan["detail"]
    await store.close()


async def test_a_list_by_domain_is_read_in_its_order_and_not_sorted(tmp_path: Path) -> None:
    """Ten rows of it are read, and not every partner in one of the states."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    read = await statements(store)
    for wanted in (PartnerFilter(states=LIVE, template="trusted"), PartnerFilter(overdue_at=NOW)):
        await store.partners_page(wanted, limit=10, position=PagePosition(cursor=("contoso.com", TENANT)))
    found = await plans_of(store, read)
    assert any("INDEX partnerships_listed" in detail for detail in found)
    assert not [detail for detail in found if "B-TREE" in detail or "partnerships_by" in detail]
    await store.close()


async def test_no_list_of_requests_reads_every_request(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    read = await statements(store)
    await store.own_page(IDS, text="", limit=10, position=START)
    await store.waiting_page([SECURITY], IDS, text="", limit=10, position=START)
    await store.roles_waited_for()
    found = await plans_of(store, read)
    assert any("requests" in detail for detail in found)
    # The roles that are waited for are read from an index that contains only requests that wait.
    scans = [detail for detail in found if detail.startswith("SCAN requests") and "requests_waiting" not in detail]
    assert not [detail for detail in scans if "requests_by_deadline" not in detail]
    await store.close()


async def test_what_became_of_a_request_is_read_from_its_partners_requests_alone(tmp_path: Path) -> None:
    """A report asks it of each request. An index of all closed requests would make a long report slow."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    read = await statements(store)
    await store.first_to_replace(request(RequestState.APPLIED, confirmed_at=NOW))
    await store.partner_history(TENANT, ("record_drift",))
    found = await plans_of(store, read)
    assert [detail for detail in found if "requests" in detail] == [
        "SEARCH requests USING INDEX requests_by_tenant (tenant_id=?)"
    ]
    assert [detail for detail in found if "audit" in detail] == [
        "SEARCH audit USING INDEX audit_by_partner (tenant_id=?)"
    ]
    await store.close()


async def test_changes_of_guest_accounts_are_read_from_the_requests_that_may_be_about_the_partner(
    tmp_path: Path,
) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    read = await statements(store)
    await store.account_changes_since(TENANT, NOW)
    found = await plans_of(store, read)
    assert [detail for detail in found if "requests" in detail] == [
        "SEARCH requests USING INDEX requests_by_tenant (tenant_id=?)"
    ] * 2
    await store.close()


async def test_a_list_that_fits_its_page_is_read_once_and_not_counted_again(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    for number in range(3):
        known = partnership(version=1)
        known = replace(known, identity=replace(known.identity, tenant_id=TenantId(f"{number}{TENANT[1:]}")))
        entry = AuditEntry(key=str(number), at=NOW, actor="t", command="t", outcome="accepted", details={})
        await store.commit(Commit(entry=entry, partnership=known))
    read = await statements(store)
    page = await store.partners_page(PartnerFilter(), limit=10, position=START)
    assert (page.count, page.count_before, len(page.items), len(read)) == (3, 0, 3, 1)
    read.clear()
    page = await store.partners_page(PartnerFilter(), limit=2, position=START)
    assert (page.count, page.count_before, len(page.items)) == (3, 0, 2)
    assert len([one for one in read if "count(*)" in one]) == 1
    await store.close()


async def test_clicks_that_an_earlier_version_stored_take_turns_too(tmp_path: Path) -> None:
    db = Database(tmp_path / "gatehouse.db")
    migrations.apply(db, stop_before="m018_turns_and_ends")
    for number, person in enumerate([RILEY, RILEY, DANA]):
        click = Withdraw(actor=person.chat_id, request_id=RequestId("r"))
        doc = dump(EFFECT, CheckPermission(command=click, key=str(number)))
        row = (f"judge:{number}", "2026-01-01", doc)
        db.execute("insert into effects (lane, rank, due_at, attempts, doc) values (?, 0, ?, 0, ?)", row)
    damaged = ("judge:x", "2026-01-01", json.dumps({})[:-1])
    db.execute("insert into effects (lane, rank, due_at, attempts, doc) values (?, 0, ?, 0, ?)", damaged)
    db.conn.commit()
    db.close()
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    assert [one.lane for one in await store.pending(NOW, 10)] == ["judge:0", "judge:2", "judge:1"]
    await store.close()


async def test_the_requests_of_a_person_are_found_by_person_and_not_by_having_no_batch(tmp_path: Path) -> None:
    """An index of all requests by batch would be used for those without one, which are nearly all."""
    store = await open_store(tmp_path / "gatehouse.db", FixedClock())
    read = await statements(store)
    await store.own_page(IDS, text="", limit=10, position=START)
    found = await plans_of(store, read)
    assert any("requests_by_requester" in detail for detail in found)
    assert not [detail for detail in found if "requests_by_batch" in detail]
    [plan] = await store._query("explain query plan select id, state from requests where batch = ?", "B-1")
    assert "requests_by_batch" in plan["detail"], "members are found by it"
    await store.close()
