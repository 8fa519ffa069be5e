"""What becomes due together is asked together: one message a person, a few partners at each check."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.workflows.app.schedule.reviews.test_campaigns import put, record, started
from tests.workflows.core.builders import BRUNO, NOW, SAM
from tests.workflows.world import World
from workflows.app.alarms import Alarms
from workflows.app.schedule.reviews import campaigns as campaigns_module
from workflows.app.schedule.reviews import questions as questions_module
from workflows.app.schedule.reviews.events.starting import LivePartner
from workflows.app.schedule.sponsor_check import check_sponsors
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import ChatId, Person, PersonId
from workflows.core.policy.reviews.silence import ASKED_EARLY
from workflows.core.requests.commands.review_event import ReviewReasonCode, StartReview
from workflows.core.settings.model import TenantId
from workflows.intervals import QUESTIONS_COLLECTED_FOR
from workflows.ports.tenant import Account

MEMBERS = 60
EVENT = StartReview(reason=ReviewReasonCode.RISK_GREW, event="high", values={"before": "low", "after": "high"})


def sponsors(count: int) -> list[Person]:
    return [
        replace(SAM, id=PersonId(f"sponsor-{number}"), chat_id=ChatId(f"U0SPONSOR{number}")) for number in range(count)
    ]


def messages(world: World) -> Counter[ChatId | None]:
    """Count the messages of each person: a batch is one message a person."""
    return Counter(person for batch in world.notifier.asked for person in {one.sponsor for one in batch})


async def tick(world: World) -> None:
    world.clock.advance(seconds=5)
    await world.campaigns.check()
    await world.reviews.check()
    await world.settle()


async def due(world: World, number: int, at: datetime, sponsor: Person = SAM) -> TenantId:
    return await put(world, number, next_review_at=at, sponsor=sponsor, since=NOW - timedelta(days=100))


@pytest.mark.load
async def test_a_thousand_reviews_that_are_due_at_once_are_one_message_a_person(world: World) -> None:
    """They became due within fifteen minutes. Each check asks fifty, so that nothing else waits for long."""
    people = sponsors(10)
    for number in range(1000):
        at = NOW + timedelta(seconds=number * 0.9)
        await due(world, number, at, people[number % 10])
    issued = []
    for _ in range(30):
        before = await _count(world, "ask_review")
        await tick(world)
        issued.append(await _count(world, "ask_review") - before)
    assert sum(issued) == 1000
    assert max(issued) == questions_module.AT_ONCE
    assert messages(world) == {person.chat_id: 1 for person in people}
    assert sum(map(len, world.notifier.asked)) == 1000


async def _count(world: World, command: str) -> int:
    return sum(entry.command == command for entry in await world.store.history(limit=10_000))


@pytest.mark.parametrize(("later", "batches"), [(ASKED_EARLY - timedelta(seconds=6), 1), (timedelta(minutes=20), 2)])
async def test_a_review_that_is_due_soon_after_another_one_is_asked_with_it(
    world: World, later: timedelta, batches: int
) -> None:
    first, second = await due(world, 1, NOW), await due(world, 2, NOW + later)
    await tick(world)
    is_asked = [(await record(world, tenant_id)).state is PartnershipState.REVIEW_DUE for tenant_id in (first, second)]
    assert is_asked == [True, batches == 1]
    world.clock.advance(minutes=20)
    await tick(world)
    assert messages(world) == {SAM.chat_id: batches}


async def test_a_review_at_the_end_of_access_is_not_asked_before_the_end(world: World) -> None:
    """After the end it is another question: access that has ended cannot be kept."""
    ends_at = NOW + timedelta(minutes=10)
    await due(world, 1, NOW)
    ending = await put(world, 2, next_review_at=ends_at, ends_at=ends_at, since=NOW - timedelta(days=100))
    await tick(world)
    assert (await record(world, ending)).state is PartnershipState.ACTIVE
    world.clock.advance(minutes=10)
    await tick(world)
    (reason,) = (await record(world, ending)).review_reasons
    assert reason.code is ReviewReasonCode.ACCESS_ENDED


async def test_a_campaign_over_many_ticks_is_one_message_a_person(world: World) -> None:
    """A review of the calendar that becomes due while the campaign is asked belongs to the same message."""
    for number in range(MEMBERS):
        await put(world, number, template="trusted-partner")
    other = await due(world, MEMBERS, NOW, BRUNO)
    await started(world)
    await tick(world)
    assert not world.notifier.asked
    assert (await record(world, other)).state is PartnershipState.ACTIVE
    for _ in range(MEMBERS // campaigns_module.AT_ONCE + 2):
        await tick(world)
    assert messages(world) == {SAM.chat_id: 1, BRUNO.chat_id: 1}
    assert sum(map(len, world.notifier.asked)) == MEMBERS + 1


async def test_what_keeps_starting_reviews_does_not_hold_back_questions_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns_module, "AT_ONCE", 0)  # it never gets on
    await put(world, 1, template="trusted-partner")
    await started(world)
    await due(world, 2, NOW)
    await tick(world)
    world.clock.advance(seconds=QUESTIONS_COLLECTED_FOR.total_seconds() - 10)
    await tick(world)
    assert not world.notifier.asked
    await tick(world)
    assert messages(world) == {SAM.chat_id: 1}


async def test_questions_are_collected_again_after_a_time_in_which_none_was_due(world: World) -> None:
    """The hour begins with the first question that waits, not with one of days ago."""

    async def asks_more() -> bool:
        return True

    questions = replace(world.reviews, asks_more=asks_more)
    for number in (1, 2):
        tenant_id = await due(world, number, world.clock.now())
        await questions.check()
        assert (await record(world, tenant_id)).state is PartnershipState.ACTIVE
        world.clock.advance(seconds=QUESTIONS_COLLECTED_FOR.total_seconds())
        await questions.check()
        assert (await record(world, tenant_id)).state is PartnershipState.REVIEW_DUE
        await questions.check()
        world.clock.advance(hours=2)


async def test_an_event_of_many_partners_is_one_message_a_person(world: World) -> None:
    """The comparison pauses after every few partners. The questions wait until it has compared all of them."""
    for number in range(MEMBERS):
        await put(world, number)
    compared, asked_meanwhile = [], []
    reviews = world.campaigns.reviews

    async def rest(seconds: float) -> None:
        assert seconds > 0
        await tick(world)
        asked_meanwhile.append(len(world.notifier.asked))

    async def compare(partner: LivePartner) -> bool:
        compared.append(partner.tenant_id)
        return await reviews.start(partner.tenant_id, EVENT)

    reviews.rest = rest
    assert await reviews.compare_each(compare)
    assert (len(compared), asked_meanwhile) == (MEMBERS, [0, 0])
    await tick(world)
    await tick(world)
    assert messages(world) == {SAM.chat_id: 1}
    assert sum(map(len, world.notifier.asked)) == MEMBERS


async def test_a_comparison_that_starts_nothing_holds_nothing_back(world: World) -> None:
    for number in range(MEMBERS):
        await put(world, number)
    await due(world, MEMBERS, NOW)
    reviews = world.campaigns.reviews

    async def rest(_: float) -> None:
        await tick(world)

    async def compare(_: LivePartner) -> bool:
        return True

    reviews.rest = rest
    assert await reviews.compare_each(compare)
    assert messages(world) == {SAM.chat_id: 1}


async def look_at_sponsors(world: World) -> None:
    world.clock.advance(hours=1.1)
    alarms = Alarms(store=world.store, clock=world.clock, wake=lambda: None)
    await check_sponsors(
        store=world.store, tenant=world.tenant, alarms=alarms, service=world.service, clock=world.clock
    )


@pytest.mark.load
@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ({"department": "Sales"}, ReviewReasonCode.SPONSOR_MOVED),
        ({"is_enabled": False}, ReviewReasonCode.SPONSOR_GONE),
    ],
    ids=["moved", "gone"],
)
async def test_a_sponsor_of_two_hundred_partners_who_moves_or_leaves_is_one_message(
    world: World, after: dict[str, Any], reason: ReviewReasonCode
) -> None:
    """All reviews start at one look at the sponsors. Their questions are more than one check asks."""
    there = Account(
        id=SAM.id, name="Sam", mail="sam@woodgrove.com", is_enabled=True, is_member=True, department="Facilities"
    )
    partners = [await put(world, number) for number in range(200)]
    world.tenant.accounts = [there]
    await look_at_sponsors(world)
    world.tenant.accounts = [replace(there, **after)]
    await look_at_sponsors(world)
    for tenant_id in partners:
        assert [one.code for one in (await record(world, tenant_id)).review_reasons] == [reason]
    for _ in range(200 // questions_module.AT_ONCE + 4):
        await tick(world)
    (batch,) = world.notifier.asked
    assert len(batch) == 200
    assert {one.sponsor for one in batch} == {None if reason is ReviewReasonCode.SPONSOR_GONE else SAM.chat_id}


async def test_what_another_bot_asked_before_it_was_killed_is_sent_by_one_that_led_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has done such a pass itself, and knows of none that was interrupted."""
    first = await due(world, 1, NOW)
    await tick(world)
    assert messages(world) == {SAM.chat_id: 1}
    world.clock.advance(hours=1)
    second = await due(world, 2, world.clock.now())

    async def killed(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(questions_module.ReviewQuestions, "_send", killed)
        with pytest.raises(RuntimeError, match="killed"):
            await replace(world.reviews).check()
    assert (await record(world, second)).state is PartnershipState.REVIEW_DUE
    for _ in range(3):
        await tick(world)
    assert [{one.record.identity.tenant_id for one in batch} for batch in world.notifier.asked] == [{first}, {second}]
