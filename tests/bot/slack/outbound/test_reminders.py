"""Reminders: one message a person and day for everything that waits, updated when more is due."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from bot.slack.blocks.message import notice
from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import Scene, action_ids, request
from tests.bot.surfaces import shown
from tests.workflows.core import builders
from workflows.core.errors.facts import Fact
from workflows.core.people import ChatId
from workflows.core.policy.delegation.asking import StandIn
from workflows.core.policy.working_time import WorkingCalendar
from workflows.core.requests.effects import RemindPerson
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import NotifierUnavailable
from workflows.ports.records import Commit

APPROVER = ChatId(SLACK_IDS["approver1"])


async def put(scene: Scene, number: int) -> AccessRequest:
    """Store a request that waits for the first approver, at a partner of its own."""
    usual = request()
    plan = replace(usual.plan, tenant_id=TenantId(f"5a5e1f50-1c1f-4a8a-9d30-1d2f00c0f{number:03}"))
    identity = replace(usual.require_prepared().observation.identity, default_domain=f"partner{number}.com")
    observation = replace(usual.require_prepared().observation, identity=identity)
    known = replace(usual.require_prepared(), plan=plan, observation=observation)
    asked = replace(
        usual,
        id=RequestId(f"R-{number}"),
        version=1,
        prepared=known,
        expires_at=scene.world.clock.now() + timedelta(days=14 - number),
    )
    return await store(scene, asked)


async def store(scene: Scene, changed: AccessRequest) -> AccessRequest:
    """Store a request as it is now."""
    key, now = f"{changed.id} {changed.version}", scene.world.clock.now()
    entry = AuditEntry(key=key, at=now, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, request=changed))
    return changed


async def test_an_approver_gets_one_message_a_day_however_many_requests_wait(scene: Scene) -> None:
    requests = [await put(scene, number) for number in range(3)]
    for one in requests:
        await scene.notifier().remind(one)
    (message,) = scene.messages("@approver1")
    assert message["text"].startswith("partner2.com (R-2), partner1.com (R-1), partner0.com (R-0): 3 requests wait")
    assert action_ids(message) == ["review_request"] * 3
    assert scene.written() == ["chat.postMessage"], "a repetition with the same content is not sent"


async def test_the_delegate_is_reminded_in_place_of_who_is_away(scene: Scene) -> None:
    asked = await put(scene, 0)
    away, delegate = SLACK_IDS["approver1"], SLACK_IDS["approver2"]
    scene.directory.roles[builders.SECURITY] = ("approver1", "approver2")
    scene.directory.away = (StandIn(person=ChatId(away), name="Amara Okafor", delegate=ChatId(delegate)),)
    await scene.notifier().remind(asked)
    assert scene.messages("@approver1") == []
    assert len(scene.messages("@approver2")) == 1
    await scene.notifier().show_request(asked)
    assert scene.messages("@approver1") == []
    (card,) = [one for one in scene.messages("@approver2") if "approve" in action_ids(one)]
    assert "for Amara Okafor" in json.dumps(card)
    scene.directory.roles[builders.SECURITY] = ("approver1",)
    scene.world.clock.advance(24 * 60 * 60)
    await scene.notifier().remind(asked)
    assert len(scene.messages("@approver1")) == 1, "the delegate lost the role, so the person is asked again"


async def test_the_next_day_brings_a_new_message(scene: Scene) -> None:
    asked = await put(scene, 0)
    await scene.notifier().remind(asked)
    scene.world.clock.advance(24 * 60 * 60)
    await scene.notifier().remind(asked)
    older, newer = in_order(scene)
    assert action_ids(older) == []
    assert older["text"].startswith("Reminded again on")
    assert action_ids(newer) == ["review_request"]


def in_order(scene: Scene) -> list[dict[str, Any]]:
    return sorted(scene.messages("@approver1"), key=lambda one: str(one["ts"]))


async def test_each_reminder_closes_all_earlier_ones_and_a_closed_one_is_never_written_again(scene: Scene) -> None:
    asked = await put(scene, 0)
    await scene.notifier().show_request(asked)
    for _ in range(3):
        scene.world.clock.advance(24 * 60 * 60)
        await scene.notifier().remind(asked)
    _, *older, newest = in_order(scene)
    assert [action_ids(one) for one in (*older, newest)] == [[], [], ["review_request"]]
    assert scene.written().count("chat.update") == len(older), "one for each that is closed"
    closed = [one["text"] for one in older]
    other = await put(scene, 1)
    await scene.notifier().show_request(asked)
    await scene.notifier().show_request(other)
    _, *still, newest, _ = in_order(scene)
    assert [one["text"] for one in still] == closed
    assert "2 requests wait" in newest["text"]


async def test_where_closing_the_earlier_reminder_fails_a_repetition_closes_it(scene: Scene) -> None:
    asked = await put(scene, 0)
    await scene.notifier().remind(asked)
    scene.world.clock.advance(24 * 60 * 60)
    scene.fail("chat.update", "internal_error")
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().remind(asked)
    await scene.notifier().remind(asked)
    older, newer = in_order(scene)
    assert (action_ids(older), action_ids(newer)) == ([], ["review_request"])


async def test_a_reminder_with_nothing_left_stays_so_and_what_waits_next_gets_a_new_one(scene: Scene) -> None:
    first = await put(scene, 0)
    await scene.notifier().show_request(first)
    await scene.notifier().remind(first)
    decided = await store(scene, replace(first, version=2, state=RequestState.REJECTED))
    await scene.notifier().show_request(decided)
    finished = in_order(scene)[-1]
    assert finished["text"].startswith(
        "✅ Done. Nothing in this reminder waits for your decision any more: it was decided or closed."
    )
    assert action_ids(finished) == []
    second = await put(scene, 1)
    await scene.notifier().show_request(second)
    await scene.notifier().show_request(decided)
    await scene.notifier().remind(second)
    _, still, _, newest = in_order(scene)
    assert still == finished
    assert "1 request waits" in newest["text"]


async def test_a_reminder_that_is_replaced_while_it_is_being_updated_stays_closed(scene: Scene) -> None:
    """The card of a request and the reminder are updated by different workers at the same moment."""
    asked = await put(scene, 0)
    notifier = scene.notifier()
    await notifier.show_request(asked)
    await notifier.remind(asked)
    scene.world.clock.advance(24 * 60 * 60)
    await put(scene, 1)
    await asyncio.gather(notifier.show_request(asked), notifier.remind(asked), notifier.show_request(asked))
    _, older, newer = in_order(scene)
    assert (action_ids(older), action_ids(newer)) == ([], ["review_request"] * 2)


async def test_of_more_than_ten_the_rest_is_counted(scene: Scene) -> None:
    requests = [await put(scene, number) for number in range(12)]
    await scene.notifier().remind(requests[0])
    (message,) = scene.messages("@approver1")
    assert action_ids(message) == ["review_request"] * 10
    assert "and 2 more in your App Home" in shown(message["blocks"])


async def test_nobody_is_reminded_of_what_is_decided(scene: Scene) -> None:
    await scene.notifier().remind(request(RequestState.REJECTED))
    assert scene.counts() == {}


async def test_a_reminder_shows_what_still_waits_once_somebody_decided(scene: Scene) -> None:
    first, second = [await put(scene, number) for number in range(2)]
    await scene.notifier().show_request(first)
    await scene.notifier().remind(first)
    decided = await store(scene, replace(first, version=2, state=RequestState.REJECTED))
    await scene.notifier().show_request(decided)
    reminder = scene.messages("@approver1")[-1]
    assert reminder["text"].startswith("partner1.com (R-1): 1 request waits")
    await store(scene, replace(second, version=2, state=RequestState.WITHDRAWN))
    await scene.notifier().remind(first)
    await scene.notifier().show_request(decided)
    reminder = scene.messages("@approver1")[-1]
    assert "Nothing in this reminder waits for your decision any more" in reminder["text"]
    assert action_ids(reminder) == []


async def test_a_reminder_whose_requests_expired_says_so_without_a_green_sign(scene: Scene) -> None:
    first, second = [await put(scene, number) for number in range(2)]
    await scene.notifier().show_request(first)
    await scene.notifier().remind(first)
    scene.world.clock.advance(60)
    now = scene.world.clock.now()
    for one in (first, second):
        await store(scene, replace(one, version=2, state=RequestState.EXPIRED, changed_at=now))
    await scene.notifier().show_request(replace(first, version=2, state=RequestState.EXPIRED, changed_at=now))
    [reminder] = [one for one in scene.messages("@approver1") if "Nothing in this reminder" in one["text"]]
    assert "✅" not in str(reminder)
    assert "Done" not in reminder["text"]
    assert "⌛ Nothing in this reminder can be decided any more: 2 requests expired without your decision." in shown(
        reminder["blocks"]
    )


async def test_a_reminder_whose_request_is_planned_again_says_that_it_is_asked_again(scene: Scene) -> None:
    asked = await put(scene, 0)
    await scene.notifier().show_request(asked)
    await scene.notifier().remind(asked)
    again = replace(
        asked, version=2, state=RequestState.PREPARING, asked_again=(Fact(NoteCode.EDITED, {"name": "Riley"}),)
    )
    await scene.notifier().show_request(await store(scene, again))
    [reminder] = [one for one in scene.messages("@approver1") if "Nothing in this reminder" in one["text"]]
    assert "✅" not in str(reminder)
    assert "partner0.com (R-0) is planned again. If your decision is needed, a newer message asks for it." in shown(
        reminder["blocks"]
    )


async def expired(scene: Scene, number: int) -> AccessRequest:
    """Store a request that expired now, before the first approver decided."""
    asked = await put(scene, number)
    return await store(scene, replace(asked, version=2, state=RequestState.EXPIRED, changed_at=scene.world.clock.now()))


async def test_who_was_to_decide_is_told_once_a_day_of_all_that_expired(scene: Scene) -> None:
    ended = [await expired(scene, number) for number in range(12)]
    for one in ended:
        await scene.notifier().send_expiry_messages(one)
    assert scene.counts() == {"@approver1": 1, "@requester": 1}, "only those whose turn it was, and who asked"
    (message,) = scene.messages("@approver1")
    assert "12 requests expired without your decision" in message["text"]
    assert "and 2 more; the approval channel has a card for each" in shown(message["blocks"])
    assert action_ids(message) == []
    scene.world.clock.advance(24 * 60 * 60)
    await scene.notifier().send_expiry_messages(await expired(scene, 12))
    newest = max(scene.messages("@approver1"), key=lambda one: str(one["ts"]))
    assert "partner12.com (R-12): 1 request expired" in newest["text"]


async def test_who_was_to_decide_is_told_of_what_expired_at_night_when_they_work_next(scene: Scene) -> None:
    now = scene.world.clock.now()
    in_two_days = WorkingCalendar(weekdays=frozenset({(now + timedelta(days=2)).weekday()}))
    notifier = scene.notifier(calendar=in_two_days)
    for number in range(2):
        await notifier.send_expiry_messages(await expired(scene, number))
    assert scene.counts() == {"@requester": 1}
    begins = datetime.combine((now + timedelta(days=2)).date(), time(9), UTC)
    later = RemindPerson(person=APPROVER, not_before=begins, of_expired=True)
    assert [one.effect for one in await scene.store.pending(begins, 9)] == [later]
    scene.world.clock.advance(int((begins - scene.world.clock.now()).total_seconds()) + 1)
    for _ in range(2):
        await notifier.remind_person(APPROVER, of_expired=True)
    (message,) = scene.messages("@approver1")
    assert "2 requests expired without your decision" in message["text"]


async def test_approvers_are_told_of_what_expired_while_slack_was_away_for_days(scene: Scene) -> None:
    """Also of what came too late for the message of its own day."""
    await scene.notifier().send_expiry_messages(await expired(scene, 0))
    scene.world.clock.advance(60)
    late = await expired(scene, 1)  # Slack does not answer any more
    scene.world.clock.advance(24 * 60 * 60)
    unheard = await expired(scene, 2)
    scene.world.clock.advance(24 * 60 * 60)
    for one in (late, unheard, late):
        await scene.notifier().send_expiry_messages(one)
    first, second = in_order(scene)
    assert "partner0.com (R-0): 1 request expired" in first["text"]
    assert second["text"].startswith("partner2.com (R-2), partner1.com (R-1): 2 requests expired")


async def test_a_message_about_expired_requests_that_was_updated_is_not_told_again_the_next_day(scene: Scene) -> None:
    for number in range(2):
        await scene.notifier().send_expiry_messages(await expired(scene, number))
        scene.world.clock.advance(60)
    scene.world.clock.advance(24 * 60 * 60)
    await scene.notifier().send_expiry_messages(await expired(scene, 2))
    assert ["2 requests expired" in one["text"] for one in in_order(scene)] == [True, False]
    scene.world.clock.advance(24 * 60 * 60)
    await scene.notifier().remind_person(APPROVER, of_expired=True)
    assert scene.counts()["@approver1"] == 2, "nothing expired since"


@pytest.mark.parametrize(("occasion", "is_known"), [("{day}", True), ("", False)])
async def test_the_message_of_an_earlier_version_names_what_expired_on_its_day(
    scene: Scene, occasion: str, is_known: bool
) -> None:
    one, day = await expired(scene, 0), f"{scene.world.clock.now():%Y-%m-%d}"
    await scene.notifier().send_expiry_messages(one)
    (copy,) = await scene.store.copies(f"expired:{APPROVER}")
    await scene.store.save_copy(replace(copy, occasion=occasion.format(day=day)))
    scene.world.clock.advance(24 * 60 * 60)
    await scene.notifier().send_expiry_messages(one)
    assert scene.counts()["@approver1"] == (1 if is_known else 2)


async def test_the_requester_gets_one_new_message_for_all_that_expired_together(scene: Scene) -> None:
    """The update of their cards notifies nobody."""
    ended = [await expired(scene, number) for number in range(3)]
    for one in [*ended, *ended]:
        await scene.notifier().send_expiry_messages(one)
    (message,) = scene.messages("@requester")
    assert message["text"].startswith("partner2.com (R-2), partner1.com (R-1), partner0.com (R-0): 3 requests of yours")
    assert "expired, not approved in time" in message["text"]
    assert action_ids(message) == ["request_again"] * 3
    assert "Ask again for what is still needed" in shown(message["blocks"])
    scene.world.clock.advance(60 * 60)
    await scene.notifier().send_expiry_messages(await expired(scene, 3))
    newest = max(scene.messages("@requester"), key=lambda one: str(one["ts"]))
    assert "partner3.com (R-3): 1 request of yours expired" in newest["text"], "an update would not be noticed"


async def test_requests_that_expire_in_the_same_moment_are_told_in_one_message(scene: Scene) -> None:
    """Their effects are performed side by side: each request has its own lane."""
    ended, notifier = [await expired(scene, number) for number in range(3)], scene.notifier()
    await asyncio.gather(*map(notifier.send_expiry_messages, ended))
    assert scene.counts() == {"@approver1": 1, "@requester": 1}


async def test_of_more_than_ten_own_expired_requests_the_rest_is_counted(scene: Scene) -> None:
    ended = [await expired(scene, number) for number in range(12)]
    await scene.notifier().send_expiry_messages(ended[0])
    (message,) = scene.messages("@requester")
    assert action_ids(message) == ["request_again"] * 10
    assert "and 2 more in your App Home" in shown(message["blocks"])


async def test_a_requester_is_told_of_an_expired_restore_with_its_command(scene: Scene) -> None:
    asked = await expired(scene, 0)
    fields = replace(asked.fields, kind=RequestKind.RESTORATION)
    await scene.notifier().send_expiry_messages(await store(scene, replace(asked, version=3, fields=fields)))
    (message,) = scene.messages("@requester")
    assert action_ids(message) == []
    assert "/partner restore partner0.com" in shown(message["blocks"])


async def test_a_requester_is_told_of_a_request_that_expired_before_it_had_a_plan(scene: Scene) -> None:
    asked = await expired(scene, 0)
    await scene.notifier().send_expiry_messages(await store(scene, replace(asked, version=3, prepared=None)))
    assert scene.counts() == {"@requester": 1}
    assert "access request" in shown(scene.messages("@requester")[0]["blocks"])


async def test_nobody_is_told_of_what_did_not_expire_or_was_their_own(scene: Scene) -> None:
    await scene.notifier().send_expiry_messages(await put(scene, 0))
    scene.directory.roles[builders.SECURITY] = ("requester", "admin")
    await scene.notifier().send_expiry_messages(await expired(scene, 1))
    assert scene.counts() == {"@requester": 1}, "as the requester, not as somebody who should have decided"
    assert "of yours" in scene.messages("@requester")[0]["text"]


async def test_a_reminder_does_not_count_somebody_as_reached_who_left_within_the_last_minute(scene: Scene) -> None:
    """Slack accepts a message to them. Only opening the conversation shows that they have left."""
    active = scene.copies(was_active=lambda *_: True)
    person = ChatId(SLACK_IDS["approver1"])
    await active.send(person, notice("Hello"))
    scene.fail("conversations.open", "user_disabled")
    asked = await put(scene, 0)
    await scene.notifier(copies=active).remind(asked)
    assert [one["text"] for one in scene.messages("@approver1")] == ["Hello"], "no reminder"
    assert await scene.store.copies(f"reminder:{person}") == []
