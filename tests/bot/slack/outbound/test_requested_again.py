"""The requester's message about an ended request: Request again, or the newer request that stands for it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.sandbox.http.faults import Fault
from tests.bot.bot_under_test import eventually
from tests.bot.slack.outbound.scene import CARD_UPDATE_AFTER, Scene, action_ids, person, request
from tests.bot.surfaces import dicts
from tests.workflows.core.builders import NOW
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit


async def stored(scene: Scene, shown: AccessRequest) -> AccessRequest:
    """Store a request as it is, and show it."""
    now = scene.world.clock.now()
    key = f"{shown.id} {shown.version}"
    entry = AuditEntry(key=key, at=now, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, request=shown))
    await scene.notifier().show_request(shown)
    await update_others(scene)
    return shown


async def update_others(scene: Scene) -> list[RequestId]:
    """Show again what waits for that, as the queue does; returns which requests."""
    updated = []
    for one in await scene.store.pending(scene.world.clock.now() + CARD_UPDATE_AFTER, 100):
        if isinstance(one.effect, ShowRequest):
            found = await scene.store.request(one.effect.request_id)
            assert found is not None
            await scene.notifier().show_request(found)
            await scene.store.mark_done(one.id)
            updated.append(found.id)
    return updated


def values(message: dict[str, object], action_id: str) -> list[str]:
    return [one["value"] for one in dicts(message) if one.get("action_id") == action_id]


async def test_a_withdrawn_request_is_not_offered_again_while_a_newer_one_waits(scene: Scene) -> None:
    first = await stored(scene, replace(request(RequestState.WITHDRAWN), version=1))
    [message] = scene.messages("@requester")
    assert "request_again" in action_ids(message)
    second = replace(first, id=RequestId("r-2"), state=RequestState.AWAITING_APPROVAL)
    second = await stored(scene, replace(second, created_at=first.created_at + timedelta(hours=1)))
    before, after = sorted(scene.messages("@requester"), key=lambda one: str(one["ts"]))
    assert action_ids(before) == ["review_request", "review_request"]
    assert [one.partition(":")[0] for one in values(before, "review_request")] == ["r-1", "r-2"]
    assert "Show newer request" in str(before)
    assert "withdraw" in action_ids(after)
    updates = scene.written().count("chat.update")
    await scene.notifier().show_request(second)
    await scene.notifier().show_request(first)
    assert scene.written().count("chat.update") == updates, "a repetition changes nothing"
    await stored(scene, replace(second, version=2, state=RequestState.REJECTED))
    await scene.notifier().show_request(first)
    assert "request_again" in action_ids(min(scene.messages("@requester"), key=lambda one: str(one["ts"])))


async def test_while_both_are_shown_at_once_the_newest_state_of_the_earlier_one_is_shown_last(scene: Scene) -> None:
    """Slack is slow with the earlier request's own update, so that it would arrive after one from elsewhere."""
    first = await stored(scene, replace(request(), version=1))
    withdrawn = replace(first, version=2, state=RequestState.WITHDRAWN)
    entry = AuditEntry(key="w", at=NOW, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, request=withdrawn))
    scene.world.faults.add(Fault(target="slack", method="chat.update", match="D0REQUESTER", delay_seconds=0.5))
    slow = asyncio.create_task(scene.notifier().show_request(withdrawn))

    async def is_slow() -> bool:
        return not scene.world.faults.remaining_faults()

    await eventually(is_slow)
    second = replace(first, id=RequestId("r-2"), created_at=first.created_at + timedelta(hours=1))
    entry = AuditEntry(key="s", at=NOW, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, request=second))
    await scene.notifier().show_request(second)
    await slow
    assert await update_others(scene) == ["r-1"], "in its own lane, so after the slow one"
    before = min(scene.messages("@requester"), key=lambda one: str(one["ts"]))
    assert "Show newer request" in str(before)
    assert "request_again" not in action_ids(before)


async def test_a_running_update_of_the_earlier_request_may_have_read_too_early(scene: Scene) -> None:
    first = await stored(scene, replace(request(RequestState.WITHDRAWN), version=1))
    await scene.store.request_card_update(first.id, after=CARD_UPDATE_AFTER)
    scene.world.clock.advance(int(CARD_UPDATE_AFTER.total_seconds()))
    [running] = [one for one in await scene.store.pending(scene.world.clock.now(), 100) if one.lane == "card:r-1"]
    later = first.created_at + timedelta(hours=1)
    second = replace(first, id=RequestId("r-2"), state=RequestState.AWAITING_APPROVAL, created_at=later)
    entry = AuditEntry(key="s", at=NOW, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, request=second))
    for _ in range(2):
        await scene.notifier().show_request(second)
    await scene.store.mark_done(running.id)
    assert await update_others(scene) == ["r-1"]
    assert "Show newer request" in str(min(scene.messages("@requester"), key=lambda one: str(one["ts"])))


async def test_a_request_of_somebody_else_for_the_same_partner_changes_nothing(scene: Scene) -> None:
    first = await stored(scene, replace(request(RequestState.WITHDRAWN), version=1))
    other = person("approver3")
    second = replace(
        first,
        id=RequestId("r-2"),
        state=RequestState.AWAITING_APPROVAL,
        created_at=first.created_at + timedelta(hours=1),
        fields=replace(first.fields, requester=other.chat_id),
        prepared=replace(first.require_prepared(), requester=other),
    )
    await stored(scene, second)
    [message] = scene.messages("@requester")
    assert "request_again" in action_ids(message)


async def test_what_was_asked_for_before_messages_existed_gets_no_message_now(scene: Scene) -> None:
    first = replace(request(RequestState.WITHDRAWN), version=1)
    now = scene.world.clock.now()
    entry = AuditEntry(key="old", at=now, actor="t", command="put", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, request=first))
    later = first.created_at + timedelta(hours=1)
    await stored(scene, replace(first, id=RequestId("r-2"), state=RequestState.AWAITING_APPROVAL, created_at=later))
    assert len(scene.messages("@requester")) == 1
