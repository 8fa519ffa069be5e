"""Performing and stopping effects: with the present records, and everybody concerned gets a message."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import structlog

from bot.words.requests.notes import note_words, stored_note_words
from tests.waiting import LONGEST_WAIT
from tests.workflows.core.builders import AMARA, DANA, RILEY, TENANT, text_message
from tests.workflows.core.builders import request as usual
from tests.workflows.effects.applying import decided
from tests.workflows.effects.test_queue_worker import make_worker
from tests.workflows.world import World
from workflows.app.storing.identifiers import revocation_id
from workflows.core.errors.facts import Facts, as_values, text_fact
from workflows.core.requests.alarms import AlarmCode, AlarmId
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.commands.request import CommandSubject
from workflows.core.requests.effects import (
    Apply,
    CheckPermission,
    Effect,
    Prepare,
    SendMessage,
    SendReminders,
    ShowAlarm,
    ShowHome,
    ShowRequest,
    ShowReview,
    ShowSetup,
    lane,
)
from workflows.core.requests.request import RequestId, RequestState
from workflows.ports.effects_queue import PendingEffect
from workflows.ports.notifier import NotifierBlocked

S = RequestState
WRONG = "There was an error in Gatehouse. It does not continue automatically."
CLICK_WRONG = "Your click was not processed, because of an error in Gatehouse."


def pending(effect: Effect) -> PendingEffect:
    """An effect that was parked after its attempts."""
    return PendingEffect(id=7, lane=lane(effect), effect=effect, attempts=5)


async def test_who_clicked_is_told_once_that_the_click_was_not_checked(world: World) -> None:
    request = await world.waiting()
    judge = CheckPermission(command=world.approval(request, AMARA), key="click-1")
    for _ in range(3):
        await world.performer.report_given_up_effect(pending(judge), (text_fact("KeyError('x')"),))
    await world.settle()
    ((person, text, channel),) = [one for one in world.notifier.told if one[0] == AMARA.chat_id]
    assert (person, channel) == (AMARA.chat_id, "C-PARTNERS")
    assert text.startswith(CLICK_WRONG)
    assert await world.request(request.id) == request


@pytest.mark.parametrize("state", [S.PREPARING, S.APPLYING, S.UNCONFIRMED])
async def test_a_request_whose_work_was_given_up_says_so(world: World, state: RequestState) -> None:
    request = await world.put(usual(state) if state is S.PREPARING else replace(decided(), state=state))
    effect = (
        Prepare(request_id=request.id)
        if state is S.PREPARING
        else Apply(request_id=request.id, tenant_id=request.plan.tenant_id)
    )
    for _ in range(2):
        await world.performer.report_given_up_effect(pending(effect), (text_fact("KeyError('x')"),))
    stored = await world.request(request.id)
    assert stored.state is state
    assert note_words(stored.note).startswith(WRONG)
    assert stored.version == request.version + 1
    await world.settle(but=type(effect))
    assert [text for text in world.notifier.texts_to(RILEY.chat_id) if WRONG in text] != []


@pytest.mark.parametrize("state", [S.AWAITING_APPROVAL, S.APPLIED, S.STOPPED, S.OVERWRITTEN])
async def test_a_request_that_moved_on_is_not_touched_by_giving_up(world: World, state: RequestState) -> None:
    request = await world.put(usual(state))
    for effect in (Prepare(request_id=request.id), Apply(request_id=request.id, tenant_id=TENANT)):
        await world.performer.report_given_up_effect(pending(effect), (text_fact(""),))
    await world.performer.report_given_up_effect(pending(Prepare(request_id=RequestId("r-nowhere"))), (text_fact(""),))
    assert await world.request(request.id) == request


@pytest.mark.parametrize(
    "effect",
    [
        ShowRequest(request_id=RequestId("r-1")),
        ShowReview(tenant_id=TENANT),
        ShowHome(person=RILEY.chat_id),
        SendMessage(person=RILEY.chat_id, subject=CommandSubject(), fact=text_message("Hello")),
    ],
    ids=lambda effect: effect.kind,
)
async def test_a_message_that_was_given_up_is_an_alarm_once_and_brings_no_other_message(
    world: World, effect: Effect
) -> None:
    """Whom it could not be shown to would not get another one either; the admins do."""
    for _ in range(2):
        await world.performer.report_given_up_effect(pending(effect), (text_fact("chat.postMessage: msg_too_long"),))
    assert await world.log() == [("gatehouse", "raise_alarm", "accepted")]
    await world.settle()
    (alarm,) = world.notifier.alarms
    assert (alarm.code, alarm.subject) == (AlarmCode.EFFECT_GIVEN_UP, "7")
    assert (alarm.values["what"], alarm.values["reason"]) == (
        effect.kind,
        as_values([text_fact("chat.postMessage: msg_too_long")]),
    )
    assert world.notifier.told == []


async def test_an_alarm_that_cannot_be_shown_raises_no_other_alarm(world: World) -> None:
    """It would be given up as well, and so on for ever."""
    await world.performer.report_given_up_effect(
        pending(ShowAlarm(alarm_id=AlarmId("A-1"))), (text_fact("KeyError('x')"),)
    )
    assert (await world.log(), await world.store.open_alarms()) == ([], [])


@pytest.mark.parametrize(
    "effect",
    [ShowRequest(request_id=RequestId("r-nowhere")), ShowReview(tenant_id=TENANT)],
    ids=lambda effect: effect.kind,
)
async def test_a_card_of_what_is_not_there_is_no_fault(world: World, effect: Effect) -> None:
    await world.performer.perform(effect)
    assert (world.notifier.requests, world.notifier.reviews) == ([], [])


async def test_a_fault_of_our_own_while_preparing_reaches_the_requester_in_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way, through a running queue worker: five attempts, then parked, noted on the card and told."""
    request_id = await world.file()
    world.clock.advance(minutes=11)
    world.script.fail("tenant.find", KeyError("our own fault"), times=99)
    queue_worker = make_worker(
        store=world.store,
        clock=world.clock,
        perform=world.performer.perform,
        may_give_up=world.performer.may_give_up,
        gave_up=world.performer.report_given_up_effect,
    )
    finished = asyncio.Event()
    store_retry, store_done = world.store.retry, world.store.mark_done

    async def retry(effect_id: int, at: datetime, error: Facts) -> None:
        await store_retry(effect_id, at, error)
        world.clock.advance(minutes=2)
        queue_worker.wake()

    async def done(effect_id: int) -> None:
        await store_done(effect_id)
        if await world.store.count_pending(world.clock.now()) == (0, 0, 1):
            finished.set()

    monkeypatch.setattr(world.store, "retry", retry)
    monkeypatch.setattr(world.store, "mark_done", done)
    with structlog.testing.capture_logs():
        task = asyncio.create_task(queue_worker.run())
        async with asyncio.timeout(LONGEST_WAIT):
            await finished.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    request = await world.request(request_id)
    assert (request.state, WRONG in note_words(request.note)) == (S.PREPARING, True)
    assert world.script.calls.count("tenant.find") == 1 + 5, "the form's look, then five attempts"
    assert len([text for text in world.notifier.texts_to(RILEY.chat_id) if WRONG in text]) == 1
    assert note_words(world.notifier.requests[-1].note) == note_words(request.note)
    assert (await world.store.count_pending(world.clock.now()))[2] == 1


# --- a channel that takes no card ---


async def test_a_card_that_is_not_accepted_is_an_alarm_until_it_is_and_the_requester_is_told_once(world: World) -> None:
    request = await world.settled(await world.file(), but=ShowRequest)
    world.script.fail("notifier.show_request", NotifierBlocked("chat.postMessage: not_in_channel"), times=3)
    for _ in range(3):
        with contextlib.suppress(NotifierBlocked):
            await world.performer.perform(ShowRequest(request_id=request.id))
    (alarm,) = await world.store.open_alarms()
    assert (alarm.code, alarm.subject) == (AlarmCode.CARD_NOT_POSTED, request.id)
    assert dict(alarm.values) == {
        "partner": "contoso.com",
        "request": request.id,
        "reason": as_values([text_fact("chat.postMessage: not_in_channel")]),
    }
    await world.performer.perform(ShowRequest(request_id=request.id))
    assert await world.store.open_alarms() == []
    await world.settle()
    told = [text for text in world.notifier.texts_to(RILEY.chat_id) if "approval card" in text]
    assert len(told) == 1
    assert [one.is_open for one in world.notifier.alarms][-1] is False


@pytest.mark.parametrize("kind", ["show_review", "show_half"])
async def test_a_review_that_nobody_can_be_asked_is_an_alarm_until_somebody_is(world: World, kind: str) -> None:
    await world.opened()
    world.script.fail(f"notifier.{kind}", NotifierBlocked("chat.postMessage: messages_tab_disabled"))
    effect = ShowReview(tenant_id=TENANT) if kind == "show_review" else ShowSetup(tenant_id=TENANT)
    with pytest.raises(NotifierBlocked):
        await world.performer.perform(effect)
    (alarm,) = await world.store.open_alarms()
    assert (alarm.code, alarm.values["partner"]) == (AlarmCode.CARD_NOT_POSTED, "contoso.com")
    await world.performer.perform(effect)
    assert await world.store.open_alarms() == []


async def test_what_revokes_a_partner_is_never_given_up_and_the_admins_are_told(world: World) -> None:
    click = CheckPermission(command=Revoke(actor=DANA.chat_id, target=TENANT, reason="Ended"), key="click-1")
    assert not await world.performer.may_give_up(click, (text_fact("KeyError('x')"),))
    [alarm] = await world.store.open_alarms()
    assert (alarm.code, alarm.subject) == (AlarmCode.REVOCATION_NOT_COMPLETE, revocation_id(click.key))
    assert "KeyError('x')" in stored_note_words(alarm.values["reason"])
    await world.revoke(DANA, but=Prepare)
    [request] = await world.all_requests()
    effects = (Prepare(request_id=request.id), Apply(request_id=request.id, tenant_id=TENANT))
    assert [await world.performer.may_give_up(one, (text_fact(""),)) for one in effects] == [False, False]
    assert {one.subject for one in await world.store.open_alarms()} == {revocation_id(click.key), request.id}


async def test_other_work_may_be_given_up(world: World) -> None:
    request = await world.waiting()
    effects: list[Effect] = [
        CheckPermission(command=world.approval(request, AMARA), key="click-1"),
        Prepare(request_id=request.id),
        Apply(request_id=request.id, tenant_id=TENANT),
        Prepare(request_id=RequestId("r-nowhere")),
        ShowRequest(request_id=request.id),
    ]
    assert all([await world.performer.may_give_up(one, (text_fact(""),)) for one in effects])
    assert await world.store.open_alarms() == []


async def test_an_alarm_about_a_card_is_not_cleared_while_copies_are_left(world: World) -> None:
    """Only after all copies are shown it is known that the channel accepts its card."""
    request = await world.waiting()
    world.script.fail("notifier.show_request", NotifierBlocked("archived"), times=1)
    with pytest.raises(NotifierBlocked):
        await world.performer.perform(ShowRequest(request_id=request.id))
    world.notifier.leaves_copies = True
    await world.performer.perform(ShowRequest(request_id=request.id))
    assert [one.code for one in await world.store.open_alarms()] == [AlarmCode.CARD_NOT_POSTED]
    await world.performer.perform(ShowRequest(request_id=request.id, is_held=True))
    assert await world.store.open_alarms() == []


async def test_of_several_reminders_that_could_not_be_sent_only_the_last_one_is(world: World) -> None:
    times = [world.clock.now() + timedelta(days=day) for day in (1, 3)]
    waiting = await world.put(usual(RequestState.AWAITING_APPROVAL, reminders=2, reminded_at=times[-1]))
    for reminded_at in (*times, None):
        await world.performer.perform(SendReminders(request_id=waiting.id, reminded_at=reminded_at))
    assert len(world.notifier.reminded) == 2, "the last one, and one that an earlier version stored"


async def test_who_clicked_is_stored_with_what_is_shown(world: World) -> None:
    request = await world.waiting()
    await world.approve(request, AMARA, but=ShowRequest)
    shown = [one.effect for one in await world.store.pending(world.clock.now(), 10)]
    assert shown == [ShowRequest(request_id=request.id, clicked_in="C-PARTNERS", clicked_by=AMARA.chat_id)]
