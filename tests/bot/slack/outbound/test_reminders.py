"""Reminders: one message a person and day for everything that waits, updated when more is due."""

from dataclasses import replace
from datetime import timedelta

from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import Scene, action_ids, request
from tests.bot.surfaces import shown
from tests.workflows.core import builders
from workflows.core.people import ChatId
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.records import AuditEntry, Commit


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
    now = scene.world.clock.now()
    entry = AuditEntry(key=f"put {number}", at=now, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, request=asked))
    return asked


async def test_an_approver_gets_one_message_a_day_however_many_requests_wait(scene: Scene) -> None:
    requests = [await put(scene, number) for number in range(3)]
    for one in requests:
        await scene.notifier().remind(one)
    (message,) = scene.messages("@approver1")
    assert message["text"].startswith("partner2.com (R-2), partner1.com (R-1), partner0.com (R-0): 3 requests wait")
    assert action_ids(message) == ["review_request"] * 3
    assert scene.written() == ["chat.postMessage"], "a repetition with the same content is not sent"


async def test_the_next_day_brings_a_new_message(scene: Scene) -> None:
    asked = await put(scene, 0)
    await scene.notifier().remind(asked)
    scene.world.clock.advance(24 * 60 * 60)
    await scene.notifier().remind(asked)
    assert len(scene.messages("@approver1")) == 2


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
    decided = replace(first, version=2, state=RequestState.REJECTED)
    now = scene.world.clock.now()
    entry = AuditEntry(key="decided", at=now, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, request=decided))
    await scene.notifier().show_request(decided)
    reminder = scene.messages("@approver1")[-1]
    assert reminder["text"].startswith("partner1.com (R-1): 1 request waits")
    gone = replace(second, version=2, state=RequestState.WITHDRAWN)
    entry = replace(entry, key="gone")
    await scene.store.commit(Commit(entry=entry, request=gone))
    await scene.notifier().remind(first)
    await scene.notifier().show_request(decided)
    reminder = scene.messages("@approver1")[-1]
    assert "nothing waits for your decision" in reminder["text"]
    assert action_ids(reminder) == []


async def expired(scene: Scene, number: int) -> AccessRequest:
    """Store a request that expired now, before the first approver decided."""
    asked = await put(scene, number)
    ended = replace(asked, version=2, state=RequestState.EXPIRED, changed_at=scene.world.clock.now())
    entry = AuditEntry(
        key=f"expire {number}", at=ended.changed_at, actor="t", command="expire", outcome="accepted", details={}
    )
    await scene.store.commit(Commit(entry=entry, request=ended))
    return ended


async def test_who_was_to_decide_is_told_once_a_day_of_all_that_expired(scene: Scene) -> None:
    ended = [await expired(scene, number) for number in range(12)]
    for one in ended:
        await scene.notifier().send_expiry_messages(one)
    assert scene.counts() == {"@approver1": 1}, "only those whose turn it was"
    (message,) = scene.messages("@approver1")
    assert "12 requests expired without your decision" in message["text"]
    assert "and 2 more; the approval channel has a card for each" in shown(message["blocks"])
    assert action_ids(message) == []
    scene.world.clock.advance(24 * 60 * 60)
    await scene.notifier().send_expiry_messages(await expired(scene, 12))
    newest = max(scene.messages("@approver1"), key=lambda one: str(one["ts"]))
    assert "partner12.com (R-12): 1 request expired" in newest["text"]


async def test_nobody_is_told_of_what_did_not_expire_or_was_their_own(scene: Scene) -> None:
    await scene.notifier().send_expiry_messages(await put(scene, 0))
    scene.directory.roles[builders.SECURITY] = ("requester", "admin")
    await scene.notifier().send_expiry_messages(await expired(scene, 1))
    assert scene.counts() == {}


async def test_a_reminder_does_not_count_somebody_as_reached_who_left_within_the_last_minute(scene: Scene) -> None:
    """Slack accepts a message to them. Only opening the conversation shows that they have left."""
    active = scene.copies(was_active=lambda _: True)
    person = ChatId(SLACK_IDS["approver1"])
    await active.direct_channel(person)
    scene.fail("conversations.open", "user_disabled")
    asked = await put(scene, 0)
    await scene.notifier(copies=active).remind(asked)
    assert scene.messages("@approver1") == []
    assert await scene.store.copies(f"reminder:{person}") == []
