"""App Homes wait once each, decisions come first, and stopped work waits for a person."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    NOW,
    RILEY,
    SAM,
    SECURITY,
    TENANT,
    approval,
    partnership,
    request,
    text_message,
)
from tests.workflows.store.test_pages import store
from workflows.core.errors.facts import text_fact
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.policy.reviews.silence import AskedAs, Reminded, ReviewReminder
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.commands.request import CommandSubject, Withdraw
from workflows.core.requests.effects import (
    Apply,
    CheckPermission,
    Effect,
    Prepare,
    Priority,
    SendMessage,
    ShowHome,
    ShowRequest,
)
from workflows.core.requests.request import RequestId, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.effects_queue import PendingEffect
from workflows.ports.pages import START, PartnerFilter
from workflows.ports.records import Commit
from workflows.ports.store import Store

__all__ = ["store"]
HOME = ShowHome(person=RILEY.chat_id)


async def put(store: Store, *effects: Effect, key: str = "put") -> None:
    """Store effects."""
    entry = AuditEntry(key=key, at=NOW, actor="t", command="t", outcome="accepted", details={})
    assert await store.commit(Commit(entry=entry, effects=effects))


async def homes(store: Store, *, after: float = 0.0) -> list[PendingEffect]:
    """The App Homes that are due so many seconds from now."""
    return list(await store.pending(NOW + timedelta(seconds=after), 99))


# --- App Homes ---


async def test_a_hundred_wishes_store_one_home(store: Store) -> None:
    await store.save_home(RILEY.chat_id)
    for _ in range(100):
        await store.request_home_updates([RILEY.chat_id, SAM.chat_id])
    assert [one.effect for one in await homes(store)] == [HOME], "and none for who never opened it"
    assert await store.count_home_requests(RILEY.chat_id) == 100
    assert await store.count_home_requests(SAM.chat_id) == 0


async def test_what_is_wanted_while_a_home_is_published_is_published_after_it(store: Store) -> None:
    """The one that is under way may have read the older state."""
    await store.save_home(RILEY.chat_id)
    await store.request_home_updates([RILEY.chat_id])
    (first,) = await homes(store)
    wanted = await store.count_home_requests(RILEY.chat_id)
    for _ in range(5):
        await store.request_home_updates([RILEY.chat_id])
    await store.save_home_published(RILEY.chat_id, wanted)
    await store.mark_done(first.id)
    assert await homes(store) == [], "not more often than every two seconds"
    (second,) = await homes(store, after=2)
    await store.save_home_published(RILEY.chat_id, await store.count_home_requests(RILEY.chat_id))
    await store.mark_done(second.id)
    assert await homes(store, after=60) == []


def asked_with_manager(version: int, manager: Person = AMARA, **changes: Any) -> Partnership:
    """A review that the sponsor's manager was asked because of silence."""
    reminder = ReviewReminder(
        number=3,
        sponsor=SAM.id,
        issued_at=NOW,
        batch="b",
        is_sent=True,
        delivered_at=NOW,
        people=(Reminded(person=manager.chat_id, asked_as=(AskedAs.MANAGER,)),),
        manager=manager,
    )
    usual = {"version": version, "state": PartnershipState.REVIEW_DUE, "review_reminders": (reminder,)}
    return partnership(**{**usual, **changes})


async def put_partner(store: Store, record: Partnership) -> None:
    """Store a partner's record."""
    entry = AuditEntry(key=f"{record.version}", at=NOW, actor="t", command="t", outcome="accepted", details={})
    assert await store.commit(Commit(entry=entry, partnership=record))


async def listed(store: Store, *ids: ChatId | PersonId) -> int:
    """How many due reviews the App Home of this person lists."""
    due = PartnerFilter(states=frozenset({PartnershipState.REVIEW_DUE}), asked=ids)
    return (await store.partners_page(due, limit=10, position=START, by_end=True)).count


@pytest.mark.parametrize(
    "after",
    [
        {"state": PartnershipState.ACTIVE, "review_reminders": ()},
        {"sponsor": BRUNO},
        {"state": PartnershipState.SUSPENDED, "suspension": None},
    ],
    ids=["answered", "handed over", "suspended"],
)
async def test_a_manager_sees_the_review_while_they_are_asked(store: Store, after: dict[str, Any]) -> None:
    """The App Home is published when the row comes, and when it goes: no message tells the manager then."""
    await store.save_home(AMARA.chat_id)
    await put_partner(store, partnership(version=1, state=PartnershipState.REVIEW_DUE))
    assert (await listed(store, SAM.id), await listed(store, AMARA.id)) == (1, 0)
    assert await store.count_home_requests(AMARA.chat_id) == 0
    await put_partner(store, asked_with_manager(2))
    assert [await listed(store, one) for one in (SAM.chat_id, AMARA.chat_id, AMARA.id, RILEY.id)] == [1, 1, 1, 0]
    assert await store.count_home_requests(AMARA.chat_id) == 1
    await put_partner(store, asked_with_manager(3))
    assert await store.count_home_requests(AMARA.chat_id) == 1, "nothing changed"
    await put_partner(store, asked_with_manager(4, **after))
    assert await listed(store, AMARA.chat_id, AMARA.id) == 0
    assert await store.count_home_requests(AMARA.chat_id) == 2


async def test_a_home_that_waits_for_its_turn_counts_as_due(store: Store) -> None:
    """It comes within seconds: who waits until nothing is left to do waits for it, too."""
    await store.save_home(RILEY.chat_id)
    await store.save_home_published(RILEY.chat_id, 0)
    await store.request_home_updates([RILEY.chat_id])
    assert await homes(store) == []
    assert await store.count_pending(NOW) == (1, 0, 0)


async def test_a_clock_that_was_set_back_delays_a_home_by_seconds_only(store: Store) -> None:
    await store.save_home(RILEY.chat_id)
    store._clock.advance(days=30)  # type: ignore[attr-defined]
    await store.save_home_published(RILEY.chat_id, 0)
    store._clock.advance(days=-30)  # type: ignore[attr-defined]
    await store.request_home_updates([RILEY.chat_id])
    assert [one.effect for one in await homes(store, after=2)] == [HOME]


# --- what goes first ---


async def test_what_decides_goes_before_cards_and_cards_before_homes(store: Store) -> None:
    cards = [ShowRequest(request_id=RequestId(f"r-{number}")) for number in range(200)]
    tell = SendMessage(person=SAM.chat_id, subject=CommandSubject(), fact=text_message("Hello"))
    judge = CheckPermission(command=Revoke(actor=AMARA.chat_id, target=TENANT, reason="x"), key="click")
    apply = Apply(request_id=RequestId("r-1"), tenant_id=TENANT)
    asked = [Prepare(request_id=RequestId(f"r-{number}"), asked_by="U1") for number in range(200)]
    click = CheckPermission(command=Withdraw(actor=ChatId("U1"), request_id=RequestId("r-1")), key="other")
    await put(store, HOME, *cards, tell, *asked, click, apply, judge)
    found = [one.effect for one in await store.pending(NOW, 20)]
    assert found[:2] == [judge, apply], "what closes, then what is approved"
    assert found[2:5] == [asked[0], click, asked[1]], "many new requests hide no click, not even of the same person"
    assert found[5:23] == asked[2:20]
    assert found[23:43] == cards[:20], "no priority takes the places of another"
    assert found[43:] == [HOME]


async def test_ranks_are_stored_as_numbers() -> None:
    ranks = {"CLOSE": -1, "DECIDE": 0, "SHOW": 1, "HOME": 2, "BATCH": 3, "SHEET": 4}
    assert {one.name: one.value for one in Priority} == ranks


# --- for whom a request waits ---


async def test_requests_are_found_by_whom_they_wait_for_and_counted(store: Store) -> None:
    for number in range(30):
        one = request(id=RequestId(f"r-{number:02}"), version=1, created_at=NOW + timedelta(minutes=number))
        if number == 3:
            one = replace(one, decisions=(approval(AMARA, 0),))
        entry = AuditEntry(key=f"r-{number}", at=NOW, actor="t", command="t", outcome="accepted", details={})
        await store.commit(Commit(entry=entry, request=one))
    listed = await store.requests_waiting([SECURITY], [BRUNO.chat_id], 5)
    assert [one.id for one in listed.items] == ["r-00", "r-01", "r-02", "r-04", "r-05"]
    assert listed.count == 29
    assert await store.roles_waited_for() == ["data-owner", "security"]
    for excluded in (RILEY, SAM):
        assert (await store.requests_waiting([SECURITY], [excluded.chat_id], 5)).count == 0, "requester and sponsor"
    assert (await store.requests_waiting([SECURITY, "data-owner"], [AMARA.chat_id], 5)).count == 29  # type: ignore[list-item]
    assert (await store.requests_waiting([], [CHIE.chat_id], 5)).count == 0


async def test_what_is_decided_waits_for_nobody(store: Store) -> None:
    first = request(version=1)
    for number, one in enumerate((first, replace(first, version=2, state=RequestState.REJECTED))):
        entry = AuditEntry(key=f"{number}", at=NOW, actor="t", command="t", outcome="accepted", details={})
        await store.commit(Commit(entry=entry, request=one))
    assert await store.roles_waited_for() == []


# --- given up work ---


async def test_stopped_work_is_tried_again_or_forgotten_once_somebody_decides(store: Store) -> None:
    await put(store, ShowRequest(request_id=RequestId("r-1")), ShowRequest(request_id=RequestId("r-2")))
    first, second = await store.pending(NOW, 9)
    for number, one in ((1, first), (2, second)):
        await store.retry(one.id, NOW, (text_fact("no"),))
        await store.give_up(one.id, (text_fact(f"reason {number}"),))
    given_up = await store.given_up_effects()
    assert [(one.effect, one.error) for one in given_up] == [
        (first.effect, (text_fact("reason 1"),)),
        (second.effect, (text_fact("reason 2"),)),
    ]
    await store.retry_given_up(first.id)
    await store.drop_given_up(second.id)
    (again,) = await store.pending(NOW, 9)
    assert (again.id, again.attempts) == (first.id, 0)
    assert await store.given_up_effects() == []
    await store.drop_given_up(first.id)
    assert await store.pending(NOW, 9) == [again], "only given up work can be forgotten"


async def test_stopped_work_that_cannot_be_read_is_listed(store: Store) -> None:
    await put(store, ShowRequest(request_id=RequestId("r-1")))
    spoilt = "update effects set doc = '{}', is_parked = 1, error = 'unreadable' where id = 1"
    if store.shared_queue is not None:
        spoilt = """update procrastinate_jobs set status = 'failed',
            args = args || jsonb_build_object('doc', '{}', 'error', 'unreadable') where id = 1"""
    await store._write(spoilt)  # type: ignore[attr-defined]  # each kind has it
    ((one),) = await store.given_up_effects()
    assert (one.id, one.effect, one.error) == (1, None, (text_fact("unreadable"),))
