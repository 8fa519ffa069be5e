"The contract of every store: whole commits, compare-and-set, one entry a key, effects in order, nothing given up."

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    MILLISECOND,
    NOW,
    RILEY,
    SAM,
    TENANT,
    noted,
    partnership,
    request,
    text_message,
)
from tests.workflows.store.stores import KINDS, StorePlace, place_for
from workflows.core.errors.facts import text_fact
from workflows.core.partners.partnership import Partnership
from workflows.core.requests.commands.request import CommandSubject, Withdraw
from workflows.core.requests.effects import Apply, CheckPermission, Effect, Prepare, SendMessage, ShowHome, ShowRequest
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import RECEIVED, RESULT_OF, AuditEntry
from workflows.ports.message_copies import CardNotCurrent, ClickedCard, MessageCopy
from workflows.ports.records import Commit, OtherOpenRequest, StaleVersion
from workflows.ports.store import Store

UNSTORABLE = SendMessage(person=RILEY.chat_id, subject=CommandSubject(), fact=text_message("half a character: \ud83d"))
"""No store can write this down."""

_NUMBERS = count()


PagePosition = StorePlace
"""Where the store of a test keeps its data."""


@pytest.fixture(params=KINDS)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[PagePosition]:
    """A place without data, for each kind of store."""
    async with place_for(request.param, tmp_path) as place:
        yield place


@pytest.fixture
async def store(place: PagePosition) -> Store:
    """A store without records."""
    return await place.open()


def entry(key: str, **changes: Any) -> AuditEntry:
    """One line of the audit log."""
    usual = AuditEntry(key=key, at=NOW, actor=RILEY.chat_id, command="submit", outcome="accepted", details={})
    return replace(usual, **changes)


def new(number: int, **changes: Any) -> AccessRequest:
    """Version 1 of a request."""
    return request(**{"id": RequestId(f"r-{number}"), "version": 1, **changes})


async def put(store: Store, *records: AccessRequest | Partnership) -> None:
    """Commit records, one after the other."""
    for record in records:
        commit = Commit(entry=entry(f"put-{next(_NUMBERS)}"))
        if isinstance(record, AccessRequest):
            commit = replace(commit, request=record)
        else:
            commit = replace(commit, partnership=record)
        assert await store.commit(commit)


async def put_effects(store: Store, *effects: Effect, key: str = "effects") -> None:
    """Commit effects without a record."""
    assert await store.commit(Commit(entry=entry(key), effects=effects))


# --- one transaction ---


async def test_a_commit_stores_record_entry_and_effects(store: Store) -> None:
    filed, partner = new(1), partnership(version=1)
    written = entry("click-1", request_id=filed.id, tenant_id=TENANT, details={"digest": "abc", "nested": {"a": [1]}})
    effects = (ShowRequest(request_id=filed.id), Apply(request_id=filed.id, tenant_id=TENANT))
    assert await store.commit(Commit(entry=written, request=filed, partnership=partner, effects=effects))
    assert await store.request(filed.id) == filed
    assert await store.partnership(TENANT) == partner
    assert list(await store.history()) == [written]
    assert [(one.lane, one.effect, one.attempts) for one in await store.pending(NOW, 10)] == [
        (f"tenant:{TENANT}", effects[1], 0),
        ("card:r-1", effects[0], 0),
    ], "what writes goes before what shows"


async def test_when_the_last_part_cannot_be_stored_nothing_is(store: Store) -> None:
    """Record, audit entry, the partner's record and the effects that could be stored: none of them is there."""
    commit = Commit(
        entry=entry("click-1"),
        request=new(1),
        partnership=partnership(version=1),
        effects=(Prepare(request_id=RequestId("r-1")), UNSTORABLE),
    )
    with pytest.raises(Exception, match="surrogate"):
        await store.commit(commit)
    await nothing_is_stored(store)
    assert await store.commit(replace(commit, effects=()))


async def test_when_the_partners_record_is_stale_the_requests_is_not_stored_either(store: Store) -> None:
    commit = Commit(
        entry=entry("click-1"),
        request=new(1),
        partnership=partnership(version=2),
        effects=(ShowHome(person=RILEY.chat_id),),
    )
    with pytest.raises(StaleVersion):
        await store.commit(commit)
    await nothing_is_stored(store)


async def nothing_is_stored(store: Store) -> None:
    """Check that there is no trace of anything."""
    assert await store.request(RequestId("r-1")) is None
    assert await store.partnership(TENANT) is None
    assert list(await store.history()) == []
    assert not await store.is_known("click-1")
    assert list(await store.pending(NOW, 10)) == []
    assert await store.count_pending(NOW) == (0, 0, 0)


# --- compare and set ---


@pytest.mark.parametrize("version", [0, 2, 4, 5, 7, 60])
async def test_a_record_follows_its_stored_version_exactly(store: Store, version: int) -> None:
    """Version 5 is stored (6 would follow); every other version is refused and changes nothing."""
    last = request(version=5)
    await put(store, *(replace(last, version=number) for number in range(1, 6)))
    entries = await store.history()
    with pytest.raises(StaleVersion, match="r-1"):
        await store.commit(Commit(entry=entry("late"), request=replace(last, version=version, note=noted("late"))))
    assert await store.request(last.id) == last
    assert await store.history() == entries


async def test_a_first_version_never_replaces_a_record(store: Store) -> None:
    """Two requests with one id, however that came about: the second is refused, not merged."""
    await put(store, new(1), partnership(version=1))
    with pytest.raises(StaleVersion):
        await store.commit(Commit(entry=entry("again"), request=new(1, note=noted("another"))))
    with pytest.raises(StaleVersion):
        await store.commit(Commit(entry=entry("again"), partnership=partnership(version=1, reminders=9)))
    assert await store.request(RequestId("r-1")) == new(1)
    assert await store.partnership(TENANT) == partnership(version=1)


async def test_of_many_writers_of_one_version_exactly_one_wins(store: Store) -> None:
    await put(store, new(1))
    commits = [Commit(entry=entry(f"c-{n}"), request=new(1, version=2, note=noted(f"writer {n}"))) for n in range(25)]
    outcomes = await asyncio.gather(*(store.commit(commit) for commit in commits), return_exceptions=True)
    assert sorted(map(repr, map(type, outcomes))).count(repr(bool)) == 1
    assert sum(isinstance(outcome, StaleVersion) for outcome in outcomes) == 24
    winner = outcomes.index(True)
    stored = await store.request(RequestId("r-1"))
    assert stored is not None
    assert note_words(stored.note) == f"writer {winner}"
    assert [one.key for one in await store.history(limit=1)] == [f"c-{winner}"]


# --- idempotency ---


async def test_a_known_key_stores_nothing(store: Store, place: PagePosition) -> None:
    """The same click again, with whatever it brings, also after a restart."""
    first = Commit(entry=entry("click-1"), request=new(1), effects=(Prepare(request_id=RequestId("r-1")),))
    again = Commit(
        entry=entry("click-1", command="other"),
        request=new(1, version=2),
        partnership=partnership(version=1),
        effects=(ShowHome(person=RILEY.chat_id),),
    )
    assert await store.commit(first) is True
    for _ in range(3):
        assert await store.commit(again) is False
    await place.close()
    store = await place.open()
    assert await store.commit(again) is False
    assert await store.is_known("click-1")
    assert not await store.is_known("click-2")
    assert await store.request(RequestId("r-1")) == new(1)
    assert await store.partnership(TENANT) is None
    assert list(await store.history()) == [first.entry]
    assert [one.effect for one in await store.pending(NOW, 10)] == list(first.effects)


async def test_a_known_key_is_told_before_a_stale_version(store: Store) -> None:
    """A repetition of an accepted click is a repetition, not a conflict."""
    commit = Commit(entry=entry("click-1"), request=new(1))
    assert await store.commit(commit)
    assert await store.commit(commit) is False


async def test_one_key_at_once_is_stored_once(store: Store) -> None:
    commits = [Commit(entry=entry("click-1"), effects=(ShowHome(person=RILEY.chat_id),)) for _ in range(20)]
    outcomes = await asyncio.gather(*map(store.commit, commits))
    assert sorted(outcomes) == [False] * 19 + [True]
    assert await store.count_pending(NOW) == (1, 0, 0)


# --- effects ---

FIRST, SECOND = (
    SendMessage(person=RILEY.chat_id, subject=CommandSubject(), fact=text_message(text)) for text in ("first", "second")
)
OTHER = SendMessage(person=SAM.chat_id, subject=CommandSubject(), fact=text_message("to somebody else"))


async def test_each_lane_shows_its_oldest_effect(store: Store) -> None:
    await put_effects(store, FIRST, SECOND, OTHER)
    one, other = await store.pending(NOW, 10)
    assert [one.effect, other.effect] == [FIRST, OTHER]
    await store.mark_done(one.id)
    assert [each.effect for each in await store.pending(NOW, 10)] == [SECOND, OTHER]
    assert [each.effect for each in await store.pending(NOW, 1)] == [SECOND]


async def test_an_effect_that_waits_delays_nobody_not_even_its_lane(store: Store) -> None:
    """A lane performs one effect at a time; an effect that must wait is performed when it is due again."""
    await put_effects(store, FIRST, SECOND, OTHER)
    first, _ = await store.pending(NOW, 10)
    later = NOW + timedelta(minutes=5)
    await store.retry(first.id, later, (text_fact("no answer"),))
    assert [each.effect for each in await store.pending(NOW, 10)] == [SECOND, OTHER]
    assert [each.effect for each in await store.pending(later - MILLISECOND, 10)] == [SECOND, OTHER]
    back, other = await store.pending(later, 10)
    assert (back.id, back.effect, back.attempts, other.effect) == (first.id, FIRST, 1, OTHER)
    await store.retry(back.id, later, (text_fact("no answer"),))
    assert [each.attempts for each in await store.pending(later, 10)] == [2, 0]
    (behind, _) = await store.pending(NOW, 10)
    await store.retry(behind.id, later, (text_fact("no answer"),))
    assert [each.effect for each in await store.pending(NOW, 10)] == [OTHER]
    assert [each.effect for each in await store.pending(later, 10)] == [FIRST, OTHER], "the oldest first again"


async def test_a_parked_effect_delays_nothing_and_stays_counted(store: Store) -> None:
    await put_effects(store, FIRST, SECOND)
    (first,) = await store.pending(NOW, 10)
    await store.give_up(first.id, (text_fact("the channel is gone"),))
    assert [each.effect for each in await store.pending(NOW, 10)] == [SECOND]
    assert await store.count_pending(NOW) == (1, 0, 1)


async def test_effects_are_counted_by_what_they_wait_for(store: Store, place: PagePosition) -> None:
    assert await store.count_pending(NOW) == (0, 0, 0)
    await put_effects(store, FIRST, OTHER, ShowHome(person=RILEY.chat_id))
    first, other, home = await store.pending(NOW, 10)
    later = NOW + timedelta(seconds=90)
    await store.retry(first.id, later, (text_fact("wait"),))
    await store.give_up(other.id, (text_fact("no"),))
    assert await store.count_pending(NOW) == (1, 1, 1)
    assert await store.count_pending(later) == (2, 0, 1)
    await store.mark_done(home.id)
    assert await store.count_pending(later) == (1, 0, 1)
    await store.mark_done(first.id)
    await place.close()
    assert await (await place.open()).count_pending(later) == (0, 0, 1)


async def test_an_effect_is_due_from_the_moment_of_its_commit(store: Store, place: PagePosition) -> None:
    place.clock.advance(hours=1)
    await put_effects(store, FIRST)
    moment = place.clock.now()
    assert list(await store.pending(moment - MILLISECOND, 10)) == []
    assert await store.count_pending(moment - MILLISECOND) == (0, 1, 0)
    assert [one.effect for one in await store.pending(moment, 10)] == [FIRST]


async def test_a_card_that_changes_later_is_due_then_and_is_not_counted_before(store: Store) -> None:
    later = NOW + timedelta(days=1)
    await put_effects(store, ShowRequest(request_id=RequestId("r-1"), not_before=later))
    assert list(await store.pending(later - MILLISECOND, 10)) == []
    assert await store.count_pending(later - MILLISECOND) == (0, 0, 0), "nothing waits for another attempt"
    (one,) = await store.pending(later, 10)
    assert await store.count_pending(later) == (1, 0, 0)
    await store.retry(one.id, later + timedelta(minutes=1), (text_fact("no answer"),))
    assert await store.count_pending(later) == (0, 1, 0)


async def test_pending_effects_survive_a_restart_in_order(store: Store, place: PagePosition) -> None:
    await put_effects(store, FIRST, SECOND, key="a")
    (first,) = await store.pending(NOW, 10)
    await store.retry(first.id, NOW, (text_fact("wait"),))
    await place.close()
    store = await place.open()
    (again,) = await store.pending(NOW, 10)
    assert (again.id, again.effect, again.attempts) == (first.id, FIRST, 1)


# --- what is asked of records ---


async def test_open_requests_come_oldest_first_without_terminal_ones(store: Store) -> None:
    for number, state in enumerate(RequestState):
        await put(store, new(number, state=state, created_at=NOW - timedelta(hours=number)))
    assert [one.state for one in await store.open_requests()] == [
        RequestState.UNCONFIRMED,
        RequestState.APPLYING,
        RequestState.SCHEDULED,
        RequestState.AWAITING_APPROVAL,
        RequestState.AWAITING_CONFIRMATION,
        RequestState.PREPARING,
    ]


async def test_a_request_that_ends_is_no_longer_open_or_due(store: Store) -> None:
    await put(store, new(1))
    await put(store, new(1, version=2, state=RequestState.REJECTED))
    assert list(await store.open_requests()) == []
    assert await store.due(NOW + timedelta(days=999)) == ([], [])


async def test_requests_are_found_by_person_and_by_tenant_newest_first(store: Store) -> None:
    other = replace(request().fields, requester=BRUNO.chat_id)
    for number in range(5):
        await put(store, new(number, created_at=NOW + timedelta(hours=number)))
    await put(store, new(9, fields=other), new(10, state=RequestState.PREPARING, prepared=None))
    assert [one.id for one in await store.requests_of(RILEY.chat_id, 2)] == ["r-4", "r-3"]
    assert [one.id for one in await store.requests_of(BRUNO.chat_id, 9)] == ["r-9"]
    assert list(await store.requests_of(AMARA.chat_id, 9)) == []
    assert [one.id for one in await store.requests_for(TENANT, 3)] == ["r-4", "r-3", "r-2"]
    assert list(await store.requests_for(TenantId("0" * 36), 3)) == []


async def test_of_a_person_open_ones_and_those_about_a_tenant_are_found_and_counted(store: Store) -> None:
    for number, state in enumerate((RequestState.AWAITING_APPROVAL, RequestState.REJECTED, RequestState.APPLYING)):
        await put(store, new(number, state=state, created_at=NOW + timedelta(hours=number)))
    await put(store, new(9, state=RequestState.PREPARING, prepared=None, created_at=NOW + timedelta(hours=9)))
    riley, nowhere = RILEY.chat_id, TenantId("0" * 36)
    assert [one.id for one in await store.requests_of(riley, 9, is_open=True)] == ["r-9", "r-2", "r-0"]
    assert [one.id for one in await store.requests_of(riley, 9, is_open=False)] == ["r-1"]
    assert [one.id for one in await store.requests_of(riley, 9, may_be_about=nowhere)] == ["r-9"]
    assert [one.id for one in await store.requests_of(riley, 9, is_open=True, may_be_about=TENANT)] == [
        "r-9",
        "r-2",
        "r-0",
    ]

    async def open_ones(newest: int, other_than: str) -> int:
        return await store.count_open_among_newest(riley, None, newest=newest, other_than=RequestId(other_than))

    assert [await open_ones(9, "r-0"), await open_ones(9, "r-1"), await open_ones(3, "r-2")] == [2, 3, 1]
    assert await store.has_other_requests_for(TENANT, RequestId("r-0"))
    assert not await store.has_other_requests_for(nowhere, RequestId("r-0"))
    await put(store, new(5, fields=replace(request().fields, requester=BRUNO.chat_id)))
    assert await store.count_open_among_newest(BRUNO.chat_id, None, newest=9, other_than=RequestId("r-5")) == 0


async def test_partnerships_come_by_domain(store: Store) -> None:
    for domain in ("tailspin.com", "adatum.com", "fabrikam.com"):
        identity = replace(partnership().identity, tenant_id=TenantId(f"id-of-{domain}"), default_domain=domain)
        await put(store, partnership(version=1, identity=identity))
    assert [one.identity.default_domain for one in await store.partnerships(lambda one: one)] == [
        "adatum.com",
        "fabrikam.com",
        "tailspin.com",
    ]


async def test_due_is_what_is_undecided_past_its_expiry_and_reviews_at_their_moment(store: Store) -> None:
    for number, state in enumerate(RequestState):
        await put(store, new(number, state=state, expires_at=NOW - timedelta(minutes=number)))
    await put(store, new(50, expires_at=NOW + MILLISECOND), partnership(version=1, next_review_at=NOW))
    never = replace(partnership().identity, tenant_id=TenantId("never"))
    await put(store, partnership(version=1, identity=never, next_review_at=None))
    assert await store.due(NOW) == (["r-2", "r-1", "r-0"], [TENANT])
    assert await store.due(NOW - timedelta(minutes=1)) == (["r-2", "r-1"], [])
    assert await store.due(NOW + MILLISECOND) == (["r-2", "r-1", "r-0", "r-50"], [TENANT])


async def test_the_history_is_newest_first_and_can_be_one_requests(store: Store) -> None:
    for number in range(6):
        about = RequestId("r-1") if number % 2 else RequestId("r-2")
        await store.commit(Commit(entry=entry(f"k-{number}", request_id=about, at=NOW - timedelta(days=number))))
    assert [one.key for one in await store.history()] == ["k-5", "k-4", "k-3", "k-2", "k-1", "k-0"]
    assert [one.key for one in await store.history(limit=2)] == ["k-5", "k-4"]
    assert [one.key for one in await store.history(request_id=RequestId("r-1"))] == ["k-5", "k-3", "k-1"]
    assert [one.key for one in await store.history(request_id=RequestId("r-1"), limit=1)] == ["k-5"]
    assert list(await store.history(request_id=RequestId("r-3"))) == []


# --- what was posted, and to whom ---


async def test_the_history_of_a_partner_is_oldest_first_and_has_no_entries_of_requests(store: Store) -> None:
    for number, command in enumerate(("record_drift", "record_drift_author", "look_up", "record_drift")):
        about = entry(f"k-{number}", command=command, tenant_id=TENANT)
        await store.commit(Commit(entry=about))
    for key, more in (
        ("of a request", {"tenant_id": TENANT, "request_id": RequestId("r-1")}),
        ("of another partner", {"tenant_id": TenantId("other")}),
        ("refused", {"tenant_id": TENANT, "outcome": "no_drift"}),
    ):
        await store.commit(Commit(entry=entry(key, command="record_drift", **more)))
    found = await store.partner_history(TENANT, ("record_drift", "record_drift_author"))
    assert [one.key for one in found] == ["k-0", "k-1", "k-3"]


async def test_copies_are_kept_by_subject_and_replaced_by_place(store: Store, place: PagePosition) -> None:
    card = MessageCopy(subject="request:r-1", channel="C1", message_id="1.1", audience="", content="one")
    mine = MessageCopy(subject="request:r-1", channel="D1", message_id="1.1", audience=AMARA.chat_id, content="one")
    other = MessageCopy(subject="request:r-2", channel="C1", message_id="1.2", audience="", content="one")
    for copy in (card, mine, other):
        await store.save_copy(copy)
    await store.save_copy(replace(card, content="two"))
    await place.close()
    store = await place.open()
    assert set(await store.copies("request:r-1")) == {replace(card, content="two"), mine}
    assert list(await store.copies("request:r-2")) == [other]
    assert list(await store.copies("request:r-3")) == []


KNOWN = MessageCopy(subject="request:r-1", channel="C1", message_id="1.2", audience="", content="shown")
CLICKED = ClickedCard(subject="request:r-1", channel="C1", message_id="1.2", audience="", may_be_unknown=True)
CLICK = Commit(entry=entry("click"), effects=(ShowRequest(request_id=RequestId("r-1")),))

Check = Callable[[Store, ClickedCard], Awaitable[object]]


async def _alone(store: Store, card: ClickedCard) -> None:
    await store.require_current_card(card)


async def _with_the_click(store: Store, card: ClickedCard) -> None:
    await store.commit(replace(CLICK, clicked_card=card))


@pytest.fixture(params=[_alone, _with_the_click])
def check(request: pytest.FixtureRequest) -> Check:
    """The two ways in which a clicked card is checked: by itself, and in the transaction that stores the click."""
    checked: Check = request.param
    return checked


async def test_a_known_card_counts_until_another_one_replaces_it(store: Store, check: Check) -> None:
    await store.save_copy(KNOWN)
    await check(store, CLICKED)
    assert list(await store.copies("request:r-1")) == [KNOWN], "and nothing about it changes"
    newer = replace(KNOWN, message_id="1.3")
    await store.save_copy(replace(KNOWN, is_live=False))
    await store.save_copy(newer)
    with pytest.raises(CardNotCurrent) as found:
        await check(store, CLICKED)
    assert found.value.newest == "1.3"


async def test_an_unknown_card_counts_where_no_other_one_does_and_is_known_from_then_on(
    store: Store, check: Check
) -> None:
    direct = replace(CLICKED, channel="D1", audience=AMARA.chat_id)
    await store.save_copy(KNOWN)
    await check(store, direct)
    stored = replace(KNOWN, channel="D1", audience=AMARA.chat_id, content="")
    assert list(await store.copies("request:r-1")) == [KNOWN, stored], "the card in the channel does not matter"


async def test_an_unknown_card_beside_another_one_is_refused_and_stored_to_be_updated(
    store: Store, check: Check
) -> None:
    await store.save_copy(replace(KNOWN, message_id="1.1"))
    await store.save_copy(replace(KNOWN, subject="request:r-2", message_id="1.3"))
    with pytest.raises(CardNotCurrent) as found:
        await check(store, CLICKED)
    assert found.value.newest == "1.1", "the card of another request in the same channel does not matter"
    known, unknown = await store.copies("request:r-1")
    assert unknown == replace(KNOWN, content="", is_live=False)
    assert known.is_live


async def test_an_unknown_card_where_none_is_posted_is_refused(store: Store, check: Check) -> None:
    with pytest.raises(CardNotCurrent) as found:
        await check(store, replace(CLICKED, may_be_unknown=False))
    assert found.value.newest == ""
    assert list(await store.copies("request:r-1")) == []


async def test_of_a_click_on_a_card_that_does_not_count_nothing_is_stored(store: Store) -> None:
    await store.save_copy(replace(KNOWN, message_id="1.1"))
    with pytest.raises(CardNotCurrent):
        await store.commit(replace(CLICK, clicked_card=CLICKED))
    assert list(await store.history()) == []
    assert list(await store.pending(NOW, 10)) == []


async def test_the_live_cards_of_channels_are_listed_but_those_of_one(store: Store) -> None:
    cards = [
        MessageCopy(subject=f"request:r-{n}", channel=f"C{n % 2}", message_id=f"1.{n}", audience="", content="")
        for n in range(5)
    ]
    direct = MessageCopy(subject="request:r-1", channel="D1", message_id="1.1", audience=AMARA.chat_id, content="")
    for copy in (*cards, direct, replace(cards[4], is_live=False)):
        await store.save_copy(copy)
    assert list(await store.channel_copies("C1", 9)) == [cards[0], cards[2]]
    assert list(await store.channel_copies("", 3)) == cards[:3]


async def test_the_occasion_of_a_copy_is_kept(store: Store, place: PagePosition) -> None:
    """Several posts to one person about one subject are told apart by it; most have none."""
    first = MessageCopy(subject="review:t", channel="D1", message_id="1.1", audience=SAM.chat_id, content="one")
    again = replace(first, message_id="1.2", occasion="reminder:2")
    assert first.occasion == ""
    for copy in (first, again):
        await store.save_copy(copy)
    await place.close()
    store = await place.open()
    assert list(await store.copies("review:t")) == [first, again]
    await store.save_copy(replace(again, content="two"))
    assert list(await store.copies("review:t")) == [first, replace(again, content="two")]


async def test_an_opened_home_is_remembered(store: Store, place: PagePosition) -> None:
    await store.request_home_updates([RILEY.chat_id])
    assert await store.count_home_requests(RILEY.chat_id) == 0, "nothing is published for somebody who never opened it"
    await store.save_home(RILEY.chat_id)
    await store.save_home(RILEY.chat_id)
    await place.close()
    store = await place.open()
    await store.request_home_updates([RILEY.chat_id, AMARA.chat_id])
    assert await store.count_home_requests(RILEY.chat_id) == 1
    assert await store.count_home_requests(AMARA.chat_id) == 0


@pytest.mark.parametrize(
    "details",
    [{}, {"reason": "naïve “quotes” \x00 \n 🚪"}, {"image": {"a": [None, True, 1.5, {"b": []}]}}],
    ids=["none", "text", "nested"],
)
async def test_an_entry_is_read_back_unchanged(store: Store, details: Mapping[str, Any]) -> None:
    json.dumps(details)
    written = entry("k", details=details, at=NOW + timedelta(microseconds=1), tenant_id=TENANT, outcome="own_request")
    assert await store.commit(Commit(entry=written))
    assert list(await store.history()) == [written]


async def test_clicks_received_before_another_are_listed_until_they_have_a_result(store: Store) -> None:
    async def add(key: str, command: str, outcome: str, minute: int, about: RequestId | None = None) -> None:
        entry = AuditEntry(
            key=key,
            at=NOW + timedelta(minutes=minute),
            actor=AMARA.chat_id,
            command=command,
            outcome=outcome,
            details={},
            request_id=about,
        )
        check = CheckPermission(command=Withdraw(actor=AMARA.chat_id, request_id=RequestId("r-1")), key=key)
        effects = (check,) if outcome == RECEIVED else ()
        assert await store.commit(Commit(entry=entry, effects=effects))

    async def minutes(before: str | None) -> list[int]:
        since = NOW - timedelta(minutes=1)
        times = await store.times_of(AMARA.chat_id, AMARA.id, ["approve"], since, unchecked_before=before)
        return [(at - NOW) // timedelta(minutes=1) for at in times]

    for minute, key in enumerate("abcd"):
        await add(key, "want_approve", RECEIVED, minute)
    await add("e", "want_reject", RECEIVED, 4)
    await add(f"{RESULT_OF}a", "approve", "accepted", 5)
    await add(f"{RESULT_OF}b", "want_approve", "not_your_turn", 6)
    assert await minutes("d") == [2, 5]
    assert await minutes("c") == [5]
    assert await minutes("e") == [2, 3, 5]
    assert await minutes(None) == [5]
    assert await minutes("a key that nobody has stored") == [5]
    [third] = [one.id for one in await store.pending(NOW, 99) if one.lane == "judge:c"]
    await store.give_up(third, ())
    assert await minutes("d") == [5], "nobody checks it any more"
    await store.retry_given_up(third)
    assert await minutes("d") == [2, 5]
    await store.give_up(third, ())
    await store.drop_given_up(third)
    assert await minutes("d") == [5]
    for minute, key, about in ((7, "f", "r-1"), (8, "g", "r-1"), (9, "h", "r-2")):
        await add(key, "want_approve", RECEIVED, minute, RequestId(about))
    assert await minutes("g") == [3, 5], "of clicks on one request at most one is accepted"
    assert await minutes("h") == [3, 5, 7]


async def test_a_change_of_accounts_and_a_change_of_settings_of_one_partner_do_not_disturb_each_other(
    store: Store,
) -> None:
    kind = RequestKind.DISABLE_GUESTS
    accounts = request(RequestState.AWAITING_CONFIRMATION, kind, id=RequestId("r-1"), version=1)
    await put(store, new(2))
    assert await store.commit(Commit(entry=entry("a"), request=accounts, must_be_only_open_request=True))
    other = replace(accounts, id=RequestId("r-3"))
    with pytest.raises(OtherOpenRequest) as refused:
        await store.commit(Commit(entry=entry("b"), request=other, must_be_only_open_request=True))
    assert refused.value.other == "r-1"
