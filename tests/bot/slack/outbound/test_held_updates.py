"""Whoever clicked sees their card change at once; the other copies follow, once for all changes of the last second."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.bot.slack.outbound.scene import CARD_UPDATE_AFTER, CHANNEL, Scene, decided_by, person, request
from tests.workflows.core.builders import NOW
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.notifier import NotifierBlocked, NotifierUnavailable

APPROVER = person("approver1").chat_id
DIRECT = "D0APPROVER1"


async def changed(scene: Scene, shown: AccessRequest, *, clicked_in: str = "", clicked_by: str = "") -> bool:
    return await scene.notifier().show_change(shown, clicked_in=clicked_in, clicked_by=clicked_by)


def updated(scene: Scene) -> list[str]:
    """The channels of the messages that were updated, in order."""
    calls = [one for one in scene.world.slack_log.entries if one["path"].endswith("/chat.update")]
    return [str(one["body"]["channel"]) for one in calls]


async def held(scene: Scene) -> list[ShowRequest]:
    """The stored updates of the copies that were left, and nothing else that shows a card."""
    due = await scene.store.pending(scene.world.clock.now() + CARD_UPDATE_AFTER + timedelta(seconds=1), 100)
    return [one.effect for one in due if isinstance(one.effect, ShowRequest)]


async def test_new_cards_are_posted_at_once_and_nothing_is_left(scene: Scene) -> None:
    assert await changed(scene, request())
    assert set(scene.counts()) == {CHANNEL, "@approver1", "@requester", "@admin"}
    assert await held(scene) == []


@pytest.mark.parametrize(
    ("clicked_in", "clicked_by", "shown"),
    [(CHANNEL, APPROVER, [CHANNEL]), (DIRECT, APPROVER, [DIRECT]), ("", APPROVER, [DIRECT]), ("", "", [])],
    ids=["in the channel", "in a direct message", "in a window", "by the bot itself"],
)
async def test_who_clicked_sees_the_change_at_once_and_the_others_a_second_later(
    scene: Scene, clicked_in: str, clicked_by: str, shown: list[str]
) -> None:
    await changed(scene, request())
    approved = request(decisions=(decided_by("approver1"),))
    assert not await changed(scene, approved, clicked_in=clicked_in, clicked_by=clicked_by)
    assert updated(scene) == shown
    assert {"@approver2", "@approver3"} <= set(scene.counts()), "who must decide next is asked at once"
    [later] = await held(scene)
    assert later == ShowRequest(request_id=approved.id, is_held=True)
    assert await scene.store.pending(scene.world.clock.now(), 100) == [] or await held(scene) == [later]
    await scene.notifier().show_request(approved)
    assert sorted(updated(scene)) == sorted([CHANNEL, DIRECT, "D0REQUESTER", "D0ADMIN0001"])


async def test_the_copy_of_an_earlier_approver_is_updated_when_they_decide_and_at_the_end(scene: Scene) -> None:
    """It has no buttons then, and shows nothing that another approval changes."""
    await scene.notifier().show_request(request())
    decisions = (decided_by("approver1"), replace(decided_by("approver2"), stage=1))
    for count in (1, 2):
        await scene.notifier().show_request(request(decisions=decisions[:count]))
        assert updated(scene).count(DIRECT) == 1
    assert updated(scene).count("D0APPROVER3") == 1, "who can still decide sees who has"
    done = request(RequestState.APPLIED, decisions=decisions, confirmed_at=NOW)
    await scene.notifier().show_request(done)
    assert updated(scene).count(DIRECT) == 2


async def test_several_changes_within_a_second_update_each_copy_once(scene: Scene) -> None:
    await changed(scene, request())
    before = len(updated(scene))
    for state in (RequestState.APPLYING, RequestState.UNCONFIRMED, RequestState.APPLIED):
        last = request(state, decisions=(decided_by("approver1"),), confirmed_at=NOW)
        await changed(scene, last)
    assert len(updated(scene)) == before
    assert len(await held(scene)) == 1
    await scene.notifier().show_request(last)
    assert sorted(updated(scene)[before:]) == sorted([CHANNEL, DIRECT, "D0REQUESTER", "D0ADMIN0001"])


async def test_while_one_that_failed_waits_for_minutes_a_newer_change_does_not(scene: Scene) -> None:
    await changed(scene, request())
    await changed(scene, request(RequestState.APPLYING))
    later = scene.world.clock.now() + timedelta(seconds=2)
    [waiting] = [one for one in await scene.store.pending(later, 100) if isinstance(one.effect, ShowRequest)]
    await scene.store.retry(waiting.id, scene.world.clock.now() + timedelta(minutes=5), ())
    await changed(scene, request(RequestState.APPLYING))
    assert len(await held(scene)) == 1


@pytest.mark.parametrize("error", [NotifierBlocked, NotifierUnavailable])
async def test_when_the_clicked_copy_cannot_be_updated_the_others_still_are(
    scene: Scene, error: type[Exception]
) -> None:
    await changed(scene, request())
    if error is NotifierBlocked:
        scene.fail("chat.update", "is_archived")
    else:
        scene.fail("chat.update", status=503)
    with pytest.raises(error):
        await changed(scene, request(decisions=(decided_by("approver1"),)), clicked_in=CHANNEL, clicked_by=APPROVER)
    assert len(await held(scene)) == 1


async def test_an_update_that_is_left_counts_as_work_to_do(scene: Scene) -> None:
    """So a tool that waits until everything is shown does not look a second too early."""
    await changed(scene, request())
    await changed(scene, request(RequestState.APPLYING))
    due, later, parked = await scene.store.count_pending(scene.world.clock.now())
    assert (due, later, parked) == (1, 0, 0)
