"""The search of all requests: every condition, page by page, by one index; the history of one request."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.requests.search import PARTLY_APPLIED, STATE_CHOICES
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, NOW, RILEY, SAM, approval, prepared, request
from tests.workflows.store.test_pages import put, store
from workflows.app.storing.identifiers import verdict_key
from workflows.core.policy.approval import Choice
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.ports.audit_log import RECEIVED, AuditEntry
from workflows.ports.pages import START, PagePosition, RequestFilter
from workflows.ports.records import Commit
from workflows.ports.store import Store

__all__ = ["store"]
S = RequestState
DAY = timedelta(days=1)


def sent(number: int, **changes: Any) -> AccessRequest:
    """One of many requests, a day later than the one before."""
    usual = {"id": RequestId(f"R-AAAAAAAA{number:02}"), "version": 1, "created_at": NOW + number * DAY}
    return request(**{**usual, **changes})


async def numbers(store: Store, wanted: RequestFilter) -> str:
    """The last digits of the requests that a search finds."""
    page = await store.requests_page(wanted, limit=50, position=START)
    assert page.count == len(page.items)
    return "".join(one.id[-1] for one in page.items)


async def test_requests_are_found_by_every_condition_closed_ones_too(store: Store) -> None:
    other = prepared(requester=SAM, template_title="Guest collaboration")
    await put(
        store,
        sent(1),
        sent(2, state=S.REJECTED, decisions=(approval(AMARA, 0, choice=Choice.REJECT),)),
        sent(
            3, state=S.APPLIED, decisions=(approval(AMARA, 0), approval(BRUNO, 1)), void_decisions=(approval(CHIE, 1),)
        ),
        sent(4, state=S.PREPARING, prepared=None),
        sent(5, prepared=other, fields=replace(request().fields, requester=SAM.chat_id, template="guests")),
    )
    conditions = {
        RequestFilter(): "54321",
        RequestFilter(text="r-aaaaaaaa03"): "3",
        RequestFilter(text="CONTOSO ltd"): "5321",
        RequestFilter(requester="id-riley"): "321",
        RequestFilter(requester=RILEY.chat_id): "4321",
        RequestFilter(requester=SAM.id.upper()): "5",
        RequestFilter(approver="amara"): "32",
        RequestFilter(approver=CHIE.id): "3",
        RequestFilter(approver="nobody"): "",
        RequestFilter(template="trusted"): "4321",
        RequestFilter(template="guest coll"): "5",
        RequestFilter(states=frozenset({S.REJECTED, S.APPLIED})): "32",
        RequestFilter(sent_from=NOW + 4 * DAY): "54",
        RequestFilter(sent_before=NOW + 4 * DAY): "321",
        RequestFilter(sent_from=NOW + 2 * DAY, sent_before=NOW + 4 * DAY, approver="bruno"): "3",
        RequestFilter(text="%"): "",
        RequestFilter(requester="' or 1 --"): "",
    }
    for wanted, found in conditions.items():
        assert await numbers(store, wanted) == found, wanted


@pytest.mark.parametrize(
    "hyphen", "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2212\uff0d", ids=lambda one: f"{ord(one):04X}"
)
async def test_an_id_is_found_with_any_hyphen_and_other_texts_are_not_changed(store: Store, hyphen: str) -> None:
    named = prepared(template_title="Guests – Nordics")
    await put(store, sent(1), sent(2, prepared=named))
    tenant_id = str(request().plan.tenant_id)
    for typed in (sent(1).id, f" {sent(1).id.lower()} "):
        assert await numbers(store, RequestFilter(text=typed.replace("-", hyphen))) == "1"
    assert await numbers(store, RequestFilter(text="R-AA".replace("-", hyphen))) == "21"
    assert await numbers(store, RequestFilter(text=tenant_id.replace("-", hyphen))) == "21"
    assert await numbers(store, RequestFilter(text="Guests – Nordics")) == "2"


async def test_two_hundred_results_come_newest_first_page_by_page(store: Store) -> None:
    await put(store, *(sent(0, id=RequestId(f"r-{number:03}"), created_at=NOW + number * DAY) for number in range(200)))
    page, seen = await store.requests_page(RequestFilter(), limit=20, position=START), []
    while True:
        seen += [one.id for one in page.items]
        assert (page.count, page.count_before + len(page.items) + page.count_after) == (200, 200)
        if not page.count_after:
            break
        page = await store.requests_page(RequestFilter(), limit=20, position=PagePosition(cursor=page.last_cursor))
    assert seen == [f"r-{number:03}" for number in reversed(range(200))]


async def test_a_history_is_read_page_by_page_oldest_first(store: Store) -> None:
    asked = sent(1)
    for number in range(70):
        entry = AuditEntry(
            key=f"k-{number}",
            at=NOW + timedelta(minutes=number),
            actor="U-X",
            command="remind_approvers",
            outcome="accepted",
            request_id=asked.id if number % 2 else RequestId("R-OTHER"),
            details={"reminders": number},
        )
        await store.commit(Commit(entry=entry))
    first = await store.history_page(asked.id, limit=30, position=START)
    assert [one.details["reminders"] for one in first.items] == list(range(1, 61, 2))
    assert (first.count, first.count_before, first.count_after) == (35, 0, 5)
    rest = await store.history_page(asked.id, limit=30, position=PagePosition(cursor=first.last_cursor))
    assert [one.details["reminders"] for one in rest.items] == [61, 63, 65, 67, 69]
    assert (rest.count_before, rest.count_after) == (30, 0)
    back = await store.history_page(asked.id, limit=30, position=PagePosition(cursor=rest.first_cursor, is_before=True))
    assert back.items == first.items


async def test_a_click_is_not_in_the_history_a_second_time_once_its_result_is_there(store: Store) -> None:
    """The audit log keeps both entries."""
    asked = sent(1)

    async def stored(key: str, command: str, outcome: str) -> None:
        entry = AuditEntry(
            key=key, at=NOW, actor="U-X", command=command, outcome=outcome, request_id=asked.id, details={}
        )
        await store.commit(Commit(entry=entry))

    async def shown() -> list[tuple[str, str]]:
        page = await store.history_page(asked.id, limit=30, position=START)
        assert page.count == page.size == len(page.items)
        return [(one.command, one.outcome) for one in page.items]

    await stored("k-1", "want_approve", RECEIVED)
    await stored("k-2", "want_approve", RECEIVED)
    assert await shown() == [("want_approve", RECEIVED)] * 2, "both are still being checked"
    await stored(verdict_key("k-1"), "approve", "accepted")
    await stored(verdict_key("k-2"), "want_approve", "not_your_turn")
    assert await shown() == [("approve", "accepted"), ("want_approve", "not_your_turn")]
    assert len(await store.history(request_id=asked.id)) == 4


async def test_the_columns_follow_a_changed_request(store: Store) -> None:
    await put(store, sent(1, state=S.PREPARING, prepared=None))
    assert await numbers(store, RequestFilter(requester=RILEY.id)) == "", "the account is not known yet"
    await put(store, sent(1, version=2, decisions=(approval(AMARA, 0),)))
    assert await numbers(store, RequestFilter(requester=RILEY.id, approver="amara")) == "1"


async def test_partly_applied_requests_are_found_alone(store: Store) -> None:
    """Also those whose access ended while they were written."""
    await put(
        store,
        sent(1, state=S.FAILED, applied_part=1),
        sent(2, state=S.FAILED),
        sent(3, state=S.STOPPED, applied_part=2),
        sent(4, state=S.STOPPED),
        sent(5, state=S.APPLIED),
    )
    _, states = STATE_CHOICES[PARTLY_APPLIED]
    assert await numbers(store, RequestFilter(states=states, is_partly_applied=True)) == "31"
    assert await numbers(store, RequestFilter(states=frozenset({S.FAILED}))) == "21"
