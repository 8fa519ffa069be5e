"""Messages about a freeze: who waits is told once when it begins and once when it ends; the channel has one."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from tests.bot.slack.outbound.scene import CHANNEL, Scene, request
from tests.bot.surfaces import shown
from tests.workflows.core.builders import NOW
from workflows.core.policy.stops.freeze import Freeze, FreezeState, begin
from workflows.core.requests.request import RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import NotifierUnavailable
from workflows.ports.records import Commit

FREEZE: Final = begin(None, by="Dana", reason="Incident 7", now=NOW)
ENDED: Final = replace(FREEZE, version=3, state=FreezeState.ENDED, ended_at=NOW + timedelta(hours=2))


def entry_for(key: str) -> AuditEntry:
    return AuditEntry(key=key, at=NOW, actor="test", command="put", outcome="accepted", details={})


async def put(scene: Scene, state: RequestState = RequestState.AWAITING_APPROVAL) -> None:
    """Store a request; Amara is asked first."""
    one = request(state)
    await scene.store.commit(Commit(entry=entry_for("one"), request=replace(one, version=1)))


async def show(scene: Scene, freeze: Freeze) -> None:
    await scene.notifier().show_freeze(freeze)


async def test_who_waits_is_told_once_and_the_channel_has_one_message(scene: Scene) -> None:
    await put(scene)
    for _ in range(2):
        await show(scene, FREEZE)
    assert scene.counts() == {CHANNEL: 1, "@requester": 1, "@approver1": 1}, "admins have the alarm"
    for place in (CHANNEL, "@requester", "@approver1"):
        assert "Frozen by Dana: Incident 7." in shown(scene.messages(place)[0])
    for _ in range(2):
        await show(scene, ENDED)
    assert scene.counts() == {CHANNEL: 1, "@requester": 2, "@approver1": 2}
    assert "The freeze by Dana has ended" in shown(scene.messages(CHANNEL)[0])
    began, ended = scene.messages("@requester")
    assert "This freeze is over" in shown(began)
    assert "has ended" in shown(ended)


async def test_a_second_freeze_has_messages_of_its_own(scene: Scene) -> None:
    await put(scene)
    await show(scene, FREEZE)
    await show(scene, ENDED)
    again = begin(ENDED, by="Dana", reason="Incident 8", now=NOW + timedelta(days=1))
    await show(scene, again)
    assert scene.counts() == {CHANNEL: 2, "@requester": 3, "@approver1": 3}
    assert "has ended" in shown(scene.messages(CHANNEL)[0])


async def test_a_second_freeze_before_the_end_of_the_first_was_shown_leaves_no_message_that_says_frozen(
    scene: Scene,
) -> None:
    await put(scene)
    await show(scene, FREEZE)
    second = begin(ENDED, by="Dana", reason="Incident 8", now=NOW + timedelta(days=1))
    again = begin(replace(second, state=FreezeState.ENDED), by="Dana", reason="9", now=NOW + timedelta(days=2))
    for _ in range(2):
        await show(scene, again)
    assert scene.counts() == {CHANNEL: 2, "@requester": 2, "@approver1": 2}
    for place in (CHANNEL, "@requester", "@approver1"):
        first, newest = scene.messages(place)
        assert "This freeze is over" in shown(first)
        assert "Frozen by Dana: 9." in shown(newest)


async def test_an_end_that_the_channel_did_not_take_is_closed_by_the_next_freeze(scene: Scene) -> None:
    await show(scene, FREEZE)
    scene.fail("chat.update", "", status=503, times=1)
    with pytest.raises(NotifierUnavailable):
        await show(scene, ENDED)
    await show(scene, begin(ENDED, by="Dana", reason="Incident 8", now=NOW + timedelta(days=1)))
    first, newest = scene.messages(CHANNEL)
    assert "This freeze is over" in shown(first)
    assert "Incident 8" in shown(newest)


async def test_when_nobody_waits_only_the_channel_is_told(scene: Scene) -> None:
    await show(scene, FREEZE)
    await show(scene, ENDED)
    assert scene.counts() == {CHANNEL: 1}


async def test_who_does_not_wait_any_more_sees_the_end_in_the_message(scene: Scene) -> None:
    await put(scene)
    await show(scene, FREEZE)
    (one,) = await scene.store.open_requests()
    withdrawn = replace(one, version=2, state=RequestState.WITHDRAWN)
    await scene.store.commit(Commit(entry=entry_for("two"), request=withdrawn))
    await show(scene, ENDED)
    assert scene.counts() == {CHANNEL: 1, "@requester": 1, "@approver1": 1}
    assert "has ended" in shown(scene.messages("@requester")[0])


async def test_a_channel_that_does_not_answer_is_tried_again_and_nobody_is_told_twice(scene: Scene) -> None:
    await put(scene)
    scene.fail("chat.postMessage", "", status=503, times=1, match=CHANNEL)
    with pytest.raises(NotifierUnavailable):
        await show(scene, FREEZE)
    await show(scene, FREEZE)
    assert scene.counts() == {CHANNEL: 1, "@requester": 1, "@approver1": 1}
