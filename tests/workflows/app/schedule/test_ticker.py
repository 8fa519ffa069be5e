"""Time as an actor: what is due is asked once for each due moment, whoever else is at work."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    MALLORY,
    MILLISECOND,
    NOW,
    RILEY,
    SAM,
    TENANT,
    partnership,
)
from tests.workflows.core.builders import request as usual
from tests.workflows.world import World, change_as_ours
from workflows.app.schedule.ticker import tick
from workflows.app.service import Service
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import Person
from workflows.core.requests.commands.clicks import Click
from workflows.core.requests.commands.request import Reject
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.canonical import Digest
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.records import Commit
from workflows.store.sqlite.other_process.shared_store import open_shared

S = RequestState


async def ticks(world: World, times: int = 1) -> None:
    """Ask what is due, and let everything follow."""
    for _ in range(times):
        await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
        await world.reviews.check()
    await world.settle()


async def put_partner(world: World, number: int) -> None:
    """Store an active partnership whose review is due after 30 days."""
    identity = replace(partnership().identity, tenant_id=TenantId(f"tenant-{number}"))
    entry = AuditEntry(key=f"put-{number}", at=NOW, actor="t", command="put", outcome="accepted", details={})
    assert await world.store.commit(Commit(entry=entry, partnership=partnership(version=1, identity=identity)))


async def test_nothing_due_is_nothing_done(world: World) -> None:
    await world.opened()
    before = await world.log()
    for prompt in (NOW + timedelta(days=7), NOW + timedelta(days=21)):
        world.clock.moment = prompt - MILLISECOND
        await ticks(world, 3)
        assert await world.log() == before
        world.clock.moment = prompt
        await ticks(world, 3)
        tested = [("gatehouse", "ask_access_test", "accepted")] if prompt == NOW + timedelta(days=7) else []
        before = [*before, *tested, ("gatehouse", "prompt_setup", "accepted")]
        assert await world.log() == before, "whether it works is asked once, and a step of the partner setup is open"
    world.clock.moment = NOW + timedelta(days=30) - MILLISECOND
    await ticks(world, 3)
    assert await world.log() == before


async def test_an_undecided_request_expires_once_and_its_approvers_are_told(world: World) -> None:
    request = await world.waiting()
    world.clock.moment = request.expires_at
    await ticks(world, 3)
    ended = await world.request(request.id)
    assert ended.state is S.EXPIRED
    assert world.notifier.texts_to(RILEY.chat_id) == [], "the message about what expired tells them"
    assert world.notifier.expired == [ended]
    assert world.notifier.requests[-1] == ended
    world.clock.advance(days=-20)
    await ticks(world)
    assert await world.request(request.id) == ended, "a clock that is set back revives nothing"


@pytest.mark.parametrize("is_last", [True, False], ids=["completes the chain", "one of several"])
async def test_an_approval_that_came_in_time_counts_however_long_checking_it_takes(world: World, is_last: bool) -> None:
    """Graph is slow: the request does not expire while a stored click waits for its check."""
    request = await world.waiting()
    people = (AMARA, BRUNO, CHIE) if is_last else (AMARA, BRUNO)
    for person in people[:-1]:
        await world.approve(request, person)
    world.clock.moment = request.expires_at - timedelta(seconds=2)
    await world.service.store_click(world.approval(request, people[-1]), key="in time")
    world.clock.advance(seconds=7)
    for _ in range(3):
        await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    assert (await world.request(request.id)).state is S.AWAITING_APPROVAL
    await world.settle()
    assert await world.refusals() == []
    await ticks(world)
    assert (await world.request(request.id)).state is (S.APPLIED if is_last else S.EXPIRED)


async def test_an_approval_that_came_too_late_is_refused_and_the_request_expires(world: World) -> None:
    request = await world.waiting()
    world.clock.moment = request.expires_at
    await world.service.store_click(world.approval(request, AMARA), key="too late")
    await world.settle()
    assert await world.refusals() == [(AMARA.chat_id, "expired")]
    await ticks(world)
    assert (await world.request(request.id)).state is S.EXPIRED


async def stored_in_time(world: World, request: AccessRequest, click: Click) -> None:
    """Store a click just before the request's end; it is not checked before the end has passed."""
    world.clock.moment = request.expires_at - timedelta(seconds=2)
    await world.service.store_click(click, key="in time")
    world.clock.moment = request.expires_at


async def looked_at(world: World, request: AccessRequest) -> RequestState:
    """Do what is due without checking any click, and return the request's state."""
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    return (await world.request(request.id)).state


@pytest.mark.parametrize(
    "person", [RILEY, SAM, MALLORY, BRUNO, DANA], ids=["requester", "sponsor", "no role", "not their turn", "admin"]
)
async def test_the_click_of_somebody_who_may_not_decide_holds_no_request_open(world: World, person: Person) -> None:
    request = await world.waiting()
    await stored_in_time(world, request, world.approval(request, person))
    assert await looked_at(world, request) is S.EXPIRED


async def test_a_second_approval_of_one_person_holds_no_request_open(world: World) -> None:
    request = await world.waiting()
    await world.approve(request, AMARA)
    await stored_in_time(world, request, world.approval(request, AMARA))
    assert await looked_at(world, request) is S.EXPIRED


async def test_who_approved_may_still_reject_at_the_last_moment(world: World) -> None:
    request = await world.waiting()
    await world.approve(request, AMARA)
    digest = request.plan.digest
    rejection = Reject(actor=AMARA.chat_id, request_id=request.id, digest=digest, reason="A mistake")
    await stored_in_time(world, request, rejection)
    assert await looked_at(world, request) is S.AWAITING_APPROVAL
    await world.settle()
    assert (await world.request(request.id)).state is S.REJECTED


async def test_a_click_on_an_earlier_plan_holds_no_request_open(world: World) -> None:
    request = await world.waiting()
    await stored_in_time(world, request, world.approval(request, AMARA, Digest("0" * 64)))
    assert await looked_at(world, request) is S.EXPIRED


async def test_a_click_that_came_too_late_holds_no_request_open(world: World) -> None:
    request = await world.waiting()
    world.clock.moment = request.expires_at
    await world.service.store_click(world.approval(request, AMARA), key="too late")
    assert await looked_at(world, request) is S.EXPIRED


async def test_a_click_of_which_nobody_can_tell_yet_whether_it_counts_is_checked_first(world: World) -> None:
    request = await world.waiting()
    await stored_in_time(world, request, world.approval(request, AMARA))
    world.script.fail("directory.identify", PeopleDirectoryUnavailable("No answer."))
    assert await looked_at(world, request) is S.AWAITING_APPROVAL
    world.directory.remove(AMARA)
    assert await looked_at(world, request) is S.EXPIRED


async def test_nobodys_click_brings_new_time_to_what_was_not_decided_in_time(world: World) -> None:
    """The template changed. That gives a new plan and more time only before the request expires."""
    request = await world.waiting()
    await stored_in_time(world, request, world.approval(request, MALLORY))
    await change_as_ours(
        world.store,
        "update requests set doc = json_set(json_remove(doc, '$.sum'), '$.prepared.plan.template_hash', 'another')"
        " where id = ?",
        request.id,
    )
    await world.settle()
    assert await world.refusals() == [(MALLORY.chat_id, "expired")]
    await ticks(world)
    assert (await world.request(request.id)).state is S.EXPIRED


async def test_a_click_that_was_given_up_holds_no_request_open(world: World) -> None:
    request = await world.waiting()
    await world.service.store_click(world.approval(request, AMARA), key="a fault of ours")
    await world.store.execute("update effects set is_parked = 1")
    world.clock.moment = request.expires_at
    await ticks(world)
    assert (await world.request(request.id)).state is S.EXPIRED


@pytest.mark.parametrize("state", [S.APPLYING, S.UNCONFIRMED, S.APPLIED, S.REJECTED])
async def test_what_is_decided_does_not_expire(world: World, state: RequestState) -> None:
    request = await world.put(usual(state))
    world.clock.advance(days=999)
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    assert await world.request(request.id) == request


async def test_a_review_is_asked_once_at_its_moment_and_again_while_nobody_answers(world: World) -> None:
    await world.opened()
    world.clock.advance(days=30)
    await ticks(world, 5)
    asked = await world.store.partnership(TENANT)
    assert asked is not None
    assert (asked.state, asked.reminders) == (PartnershipState.REVIEW_DUE, 1)
    assert len(world.notifier.asked) == 1
    world.clock.advance(days=3, seconds=-1)
    await ticks(world, 2)
    assert len(world.notifier.asked) == 1
    world.clock.advance(seconds=1)
    await ticks(world, 2)
    assert [one.reminder.number for asked in world.notifier.asked for one in asked] == [1, 2]


@pytest.mark.threats("G9")
async def test_ticks_at_one_moment_ask_once(world: World) -> None:
    """Two processes, or a tick that is slower than the interval between two."""
    await world.opened()
    for number in range(3):
        await put_partner(world, number)
    request = await world.waiting(target="contoso.com", template="guest-collaboration")
    world.clock.advance(days=30)
    at_once = (
        tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock) for _ in range(8)
    )
    await asyncio.gather(*at_once)
    await asyncio.gather(*(world.reviews.check() for _ in range(8)))
    await world.settle()
    commands = [command for _, command, _ in await world.log() if command in ("ask_review", "expire")]
    assert sorted(commands) == ["ask_review"] * 4 + ["expire"]
    assert (await world.request(request.id)).state is S.EXPIRED
    assert sum(map(len, world.notifier.asked)) == 4


@pytest.mark.threats("G9")
async def test_a_second_process_that_uses_the_same_records_repeats_no_reminder(world: World) -> None:
    """Were it not refused: whatever both find due, one of them stores it, and the other one finds it stored."""
    await world.opened()
    for number in range(3):
        await put_partner(world, number)
    request = await world.waiting(target="contoso.com", template="guest-collaboration")
    world.clock.advance(days=30)
    second = await open_shared(world.store.path, world.clock)
    both = [(world.service, world.store), (Service(store=second, clock=world.clock, wake=lambda: None), second)]
    try:
        await asyncio.gather(
            *(tick(service=one, store=store, directory=world.directory, clock=world.clock) for one, store in both * 3)
        )
        reviews = [replace(world.reviews, service=one, store=store) for one, store in both]
        await asyncio.gather(*(one.check() for one in reviews * 3))
    finally:
        await second.close()
    await world.settle()
    commands = [command for _, command, _ in await world.log() if command in ("ask_review", "expire")]
    assert sorted(commands) == ["ask_review"] * 4 + ["expire"]
    assert (await world.request(request.id)).state is S.EXPIRED
    assert sum(map(len, world.notifier.asked)) == 4


@pytest.mark.threats("G11")
async def test_a_month_without_the_bot_brings_one_reminder(world: World) -> None:
    await world.opened()
    world.clock.advance(days=75)
    await ticks(world, 4)
    assert len(world.notifier.asked) == 1


async def test_an_answered_review_is_asked_again_after_its_interval(world: World) -> None:
    await world.opened()
    await world.review()
    await world.keep(SAM)
    world.clock.advance(days=29)
    await ticks(world)
    assert len(world.notifier.asked) == 1
    world.clock.advance(days=1)
    await ticks(world)
    assert len(world.notifier.asked) == 2


async def test_a_revoked_partner_is_never_asked_about(world: World) -> None:
    await world.opened()
    await world.revoke(DANA)
    shown = len(world.notifier.reviews)
    world.clock.advance(days=999)
    await ticks(world, 2)
    assert len(world.notifier.reviews) == shown


@pytest.mark.parametrize("faults", [1, 2])
async def test_a_fault_about_one_record_delays_no_other(world: World, faults: int) -> None:
    """For example a full disk at the first commit: the others are done, and it is tried again at the next tick."""
    first = await world.put(usual(id=RequestId("r-1")))
    second = await world.put(usual(id=RequestId("r-2"), expires_at=first.expires_at + MILLISECOND))
    for number in range(2):
        await put_partner(world, number)
    world.clock.moment = NOW + timedelta(days=30)
    world.script.fail("store.commit", OSError("No space left on device"), times=faults)
    with structlog.testing.capture_logs() as logs:
        await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    assert [line["event"] for line in logs] == ["tick_failed_for_one"] * faults
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await world.reviews.check()
    assert [(await world.request(one.id)).state for one in (first, second)] == [S.EXPIRED, S.EXPIRED]
    asked = [one.state for one in await world.store.partnerships(lambda one: one)]
    assert asked == [PartnershipState.REVIEW_DUE] * 2


async def test_one_that_somebody_else_ended_meanwhile_delays_nothing(world: World) -> None:
    """A request may end between the list and its turn; the others are still done."""
    first = await world.put(usual(id=RequestId("r-1")))
    second = await world.put(usual(id=RequestId("r-2"), expires_at=first.expires_at + MILLISECOND))
    world.clock.moment = second.expires_at
    world.script.during_next_call(
        "store.commit", lambda: world.service.withdraw(first.id, RILEY.chat_id, key="withdraw-1")
    )
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    assert (await world.request(first.id)).state is S.WITHDRAWN
    assert (await world.request(second.id)).state is S.EXPIRED


async def test_approvers_are_reminded_once_for_each_due_day_and_the_request_still_expires(world: World) -> None:
    request = await world.waiting()
    for day in (1, 3, 5):
        world.clock.moment = NOW + timedelta(days=day)
        await ticks(world, 2)
    reminded = [(one.id, one.reminders) for one in world.notifier.reminded]
    assert reminded == [(request.id, 1), (request.id, 2), (request.id, 3)], "after 1, 2 and 4 working days"
    assert [command for _, command, _ in await world.log()].count("remind_approvers") == 3
    world.clock.moment = request.expires_at
    await ticks(world)
    assert (await world.request(request.id)).state is S.EXPIRED


async def test_a_requester_reminds_the_approvers_by_a_click(world: World) -> None:
    request = await world.waiting()
    world.clock.moment = NOW + timedelta(hours=25)
    await world.service.remind(request.id, RILEY.chat_id, key="click")
    with pytest.raises(Refused):
        await world.service.remind(request.id, RILEY.chat_id, key="second click")
    await world.settle()
    assert [one.reminders for one in world.notifier.reminded] == [1]
