"""Managers and admins are told of a waiting stage in their own working hours, each exactly once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import Scene, request
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.effects import MessageCode, SendEscalationMessage
from workflows.core.requests.request import AccessRequest, EscalationStep
from workflows.ports.notifier import NotifierRefused

ADMIN = ChatId(SLACK_IDS["admin"])


def day_off(scene: Scene) -> WorkingCalendar:
    """Nobody works today and tomorrow: the working day is the one after, wherever the clock is."""
    return WorkingCalendar(weekdays=frozenset({(scene.world.clock.now() + timedelta(days=2)).weekday()}))


def waiting(scene: Scene, days: int) -> tuple[AccessRequest, SendEscalationMessage]:
    """A request that expires after some days, and the message about it."""
    known = replace(request(), expires_at=scene.world.clock.now() + timedelta(days=days))
    values = {"partner": "contoso.com", "request": known.id, "stage": "Security", "expires_at": "", "skipped": []}
    message = SendEscalationMessage(
        person=ADMIN,
        request_id=known.id,
        round=known.round,
        stage=0,
        step=EscalationStep.ADMINS,
        fact=Fact(MessageCode.ADMIN_TOLD, {**values, "expires_at": known.created_at.isoformat()}),
    )
    return known, message


async def test_the_message_of_an_escalation_waits_once_for_the_next_working_hour(scene: Scene) -> None:
    known, message = waiting(scene, days=14)
    notifier = scene.notifier(calendar=day_off(scene))
    for _ in range(2):
        await notifier.send_escalation_message(message, known)
    assert scene.messages("@admin") == []
    in_two_days = scene.world.clock.now().date() + timedelta(days=2)
    nine = datetime(in_two_days.year, in_two_days.month, in_two_days.day, 9, tzinfo=UTC)
    assert [one.effect for one in await scene.store.pending(nine - timedelta(seconds=1), 9)] == []
    assert [one.effect for one in await scene.store.pending(nine, 9)] == [replace(message, not_before=nine)]
    assert (await scene.store.stored_work(scene.world.clock.now())).effects_later == 0, "it is planned, not delayed"


async def test_in_working_hours_it_is_sent_once_however_often_it_is_performed(scene: Scene) -> None:
    """It names the deadline as it is when it is sent."""
    known, message = waiting(scene, days=14)
    for _ in range(2):
        await scene.notifier().send_escalation_message(message, known)
    (sent,) = scene.messages("@admin")
    assert f"{known.expires_at:%b} {known.expires_at.day}, {known.expires_at.year}" in sent["text"]
    assert scene.written() == ["chat.postMessage"]


async def test_a_message_that_slack_refuses_is_given_up_and_not_lost_silently(scene: Scene) -> None:
    known, message = waiting(scene, days=14)
    scene.fail("conversations.open", error="user_disabled")
    with pytest.raises(NotifierRefused):
        await scene.notifier().send_escalation_message(message, known)


async def test_another_step_is_another_message(scene: Scene) -> None:
    known, message = waiting(scene, days=14)
    await scene.notifier().send_escalation_message(message, known)
    await scene.notifier().send_escalation_message(replace(message, step=EscalationStep.MANAGERS), known)
    assert len(scene.messages("@admin")) == 2


async def test_who_works_only_after_the_deadline_is_told_at_once(scene: Scene) -> None:
    known, message = waiting(scene, days=1)
    await scene.notifier(calendar=day_off(scene)).send_escalation_message(message, known)
    assert len(scene.messages("@admin")) == 1
