"""Pages of lists: each record once, whatever the list gains or loses between two pages; filtered where it is stored."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    DANA,
    NOW,
    RILEY,
    SAM,
    SECURITY,
    particulars,
    partnership,
    prepared,
    request,
)
from tests.workflows.store.stores import KINDS, place_for
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ChatId
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.pages import START, PagePosition, PartnerFilter
from workflows.ports.records import Commit
from workflows.ports.store import Store


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A store without records, of each kind."""
    async with place_for(request.param, tmp_path, is_quick=True) as place:
        yield await place.open()


async def put(store: Store, *records: AccessRequest | Partnership) -> None:
    """Store records."""
    for record in records:
        entry = AuditEntry(key=f"{time.monotonic_ns()}", at=NOW, actor="t", command="t", outcome="accepted", details={})
        named = {"request": record} if isinstance(record, AccessRequest) else {"partnership": record}
        await store.commit(Commit(entry=entry, **named))


def waiting(number: int, **changes: Any) -> AccessRequest:
    """A request that waits, with a deadline of its own."""
    usual = {"id": RequestId(f"r-{number:03}"), "version": 1, "expires_at": NOW + timedelta(hours=500 - number)}
    return request(**{**usual, **changes})


def partner(number: int, **changes: Any) -> Partnership:
    """One of many partners."""
    domain = f"partner{number:04}.example"
    tenant_id = TenantId(f"00000000-dddd-4ddd-8ddd-{number:012d}")
    identity = replace(partnership().identity, tenant_id=tenant_id, default_domain=domain)
    return partnership(**{"version": 1, "identity": identity, **changes})


async def page_of(store: Store, place: PagePosition = START, text: str = "", limit: int = 10) -> Any:
    """What waits for Bruno."""
    return await store.waiting_page([SECURITY], [BRUNO.chat_id], text=text, limit=limit, position=place)


async def test_two_hundred_requests_come_by_deadline_page_by_page_and_back(store: Store) -> None:
    await put(store, *map(waiting, range(200)))
    page, seen = await page_of(store), []
    while True:
        seen += [one.id for one in page.items]
        assert (page.count, page.count_before + len(page.items) + page.count_after) == (200, 200)
        if not page.count_after:
            break
        page = await page_of(store, PagePosition(cursor=page.last_cursor))
    assert seen == [f"r-{number:03}" for number in reversed(range(200))]
    back = await page_of(store, PagePosition(cursor=page.first_cursor, is_before=True))
    assert [one.id for one in back.items] == [f"r-{number:03}" for number in range(19, 9, -1)]
    assert (back.count_before, back.count_after) == (180, 10)


async def test_a_list_that_loses_its_beginning_skips_nothing(store: Store) -> None:
    """With an offset, the second page would begin after requests that nobody was shown."""
    every = [waiting(number) for number in range(30)]
    await put(store, *every)
    first = await page_of(store)
    decided = [replace(one, version=2, state=RequestState.REJECTED) for one in every if one in first.items[:5]]
    await put(store, *decided)
    second = await page_of(store, PagePosition(cursor=first.last_cursor))
    assert [one.id for one in second.items] == [f"r-{number:03}" for number in range(19, 9, -1)]
    assert (second.count, second.count_before) == (25, 5)
    back = await page_of(store, PagePosition(cursor=second.first_cursor, is_before=True))
    assert (back.count_before, len(back.items)) == (0, 10), "a first page is whole"


async def test_a_place_where_nothing_is_left_gives_the_first_page(store: Store) -> None:
    await put(store, waiting(1))
    for cursor in (("9999", "r-999"), ("of another list",)):
        page = await page_of(store, PagePosition(cursor=cursor))
        assert ([one.id for one in page.items], page.count_before) == (["r-001"], 0)


async def test_requests_are_searched_by_names_and_ids(store: Store) -> None:
    await put(store, waiting(1), waiting(2))
    for text, count in (("CONTOSO.com", 2), ("r-001", 1), ("trusted", 2), ("100%", 0), ("_", 0), ("'", 0)):
        assert (await page_of(store, text=text)).count == count, text


async def test_own_requests_come_open_ones_first(store: Store) -> None:
    await put(store, *(waiting(number, created_at=NOW + timedelta(hours=number)) for number in range(4)))
    await put(store, waiting(3, version=2, state=RequestState.WITHDRAWN, created_at=NOW + timedelta(hours=3)))

    async def own(place: PagePosition = START, *ids: Any) -> Any:
        return await store.own_page(ids or [RILEY.chat_id], text="", limit=3, position=place)

    page = await own()
    assert [one.id for one in page.items] == ["r-002", "r-001", "r-000"]
    assert [one.id for one in (await own(PagePosition(cursor=page.last_cursor))).items] == ["r-003"]
    assert (await own(START, RILEY.id)).count == 4, "by account"
    assert (await own(START, AMARA.chat_id, AMARA.id)).count == 0


async def test_a_request_sent_for_somebody_else_is_listed_for_both(store: Store) -> None:
    """Before it is prepared, only the chat id of who sent it is known."""
    fields = replace(particulars(), submitter=DANA.chat_id)
    known = waiting(1, fields=fields, prepared=prepared(submitter=DANA))
    await put(store, known, replace(waiting(2, fields=fields), state=RequestState.PREPARING, prepared=None))

    async def own(*ids: Any) -> int:
        return (await store.own_page(ids, text="", limit=3, position=START)).count

    assert [await own(one) for one in (DANA.chat_id, DANA.id, RILEY.chat_id, AMARA.id)] == [2, 1, 2, 0]


async def test_partners_are_filtered(store: Store) -> None:
    ended, due = NOW - timedelta(days=1), PartnershipState.REVIEW_DUE
    await put(
        store,
        partner(1),
        partner(2, state=PartnershipState.REVOKED, ends_at=None),
        partner(3, ends_at=ended),
        partner(4, state=due, sponsor=AMARA),
        partner(5, template="subsidiary", template_title="Subsidiary"),
    )
    conditions = {
        PartnerFilter(): "12345",
        PartnerFilter(states=frozenset({PartnershipState.ACTIVE, due})): "1345",
        PartnerFilter(sponsors=frozenset({AMARA.chat_id})): "4",
        PartnerFilter(sponsors=frozenset({SAM.id})): "1235",
        PartnerFilter(sponsor_text="AMA"): "4",
        PartnerFilter(template="subsid"): "5",
        PartnerFilter(overdue_at=NOW): "34",
        PartnerFilter(ends_by=NOW): "3",
        PartnerFilter(ends_after=NOW): "145",
        PartnerFilter(text="partner0002"): "2",
        PartnerFilter(text="8ddd-000000000005"): "5",
    }
    for wanted, numbers in conditions.items():
        page = await store.partners_page(wanted, limit=10, position=START)
        assert "".join(one.identity.default_domain[10] for one in page.items) == numbers, wanted


async def test_a_home_keeps_its_place_until_it_is_opened_again(store: Store) -> None:
    someone = ChatId("U-SOMEONE")
    assert await store.home_position(someone) == ""
    await store.save_home_position(someone, "page 2")
    await store.save_home_content(someone, "hash")
    assert (await store.home_position(someone), await store.home_content(someone)) == ("page 2", "hash")
    await store.save_home(someone)
    assert (await store.home_position(someone), await store.home_content(someone)) == ("", "")
