"""Cards that cannot be updated any more: replaced once, emptied in a former channel."""

import json
from dataclasses import replace

import pytest

from bot.sandbox.http.faults import Fault
from bot.slack.outbound.approval_channel import ApprovalChannel
from bot.slack.outbound.card_copies import CardCopies
from bot.slack.outbound.former_channels import FormerChannelCards
from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import CHANNEL, Scene, action_ids, decided_by, partnership, request
from tests.workflows.core import builders
from workflows.app.service import Service
from workflows.core.requests.effects import ShowRequest
from workflows.core.requests.request import RequestId, RequestState
from workflows.intervals import CHANNEL_CHECKED_EVERY
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import NotifierUnavailable
from workflows.ports.records import Commit


async def test_a_card_that_somebody_deleted_stays_deleted_when_all_is_over(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    scene.fail("chat.update", "message_not_found", match=CHANNEL)
    for _ in range(2):
        await scene.notifier().show_request(request(RequestState.REJECTED))
    assert scene.counts() == {CHANNEL: 1, "@approver1": 1, "@requester": 1, "@admin": 1}
    assert scene.written() == ["chat.postMessage"] * 4 + ["chat.update"] * 4


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message", "edit_window_closed"])
async def test_a_card_that_cannot_be_updated_any_more_is_replaced_once(scene: Scene, error: str) -> None:
    """Between two stages, the next approvers need a card with buttons. The old card is not updated again."""
    await scene.notifier().show_request(request())
    scene.fail("chat.update", error, match=CHANNEL)
    second_stage = request(decisions=(decided_by("approver1"),))
    for _ in range(3):
        await scene.notifier().show_request(second_stage)
    assert scene.counts()[CHANNEL] == 2
    new = scene.messages(CHANNEL)[-1]
    assert "approve" in action_ids(new)
    copies = await scene.store.copies(f"request:{second_stage.id}")
    lives = {copy.message_id: copy.is_live for copy in copies if not copy.audience}
    assert lives == {scene.messages(CHANNEL)[0]["ts"]: False, new["ts"]: True}
    updates = scene.written().count("chat.update")
    await scene.notifier().show_request(second_stage)
    assert scene.written().count("chat.update") == updates


async def test_a_card_moves_to_the_new_approval_channel_when_the_former_one_is_archived(scene: Scene) -> None:
    """Nobody mends the former one; waiting for it would be an alarm for ever."""
    await scene.notifier().show_request(request())
    assert scene.world.slack is not None
    other = next(one for one in scene.world.slack.conversations if one != CHANNEL)
    known = scene.world.slack.conversations[other]
    scene.world.slack.conversations[other] = replace(known, kind="private_channel", is_ext_shared=False)
    for _ in range(2):
        scene.fail("chat.update", "is_archived", match=CHANNEL)
        await scene.notifier(other).show_request(request(decisions=(decided_by("approver1"),)))
    assert "approve" in action_ids(scene.messages(other)[0])
    assert len(scene.messages(other)) == 1


def private(scene: Scene) -> str:
    """Make another channel fit for approval cards, and give its id."""
    assert scene.world.slack is not None
    other = next(one for one in scene.world.slack.conversations if one != CHANNEL)
    known = scene.world.slack.conversations[other]
    scene.world.slack.conversations[other] = replace(known, kind="private_channel", is_ext_shared=False)
    return other


async def test_a_card_in_a_former_approval_channel_is_emptied_once_and_gets_no_updates(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    other = private(scene)
    await scene.notifier(other).show_request(request())
    (former,) = scene.messages(CHANNEL)
    assert "handled elsewhere" in former["text"]
    assert "contoso" not in json.dumps(former).lower()
    assert action_ids(former) == []
    assert "approve" in action_ids(scene.messages(other)[0])
    for changed in (request(decisions=(decided_by("approver1"),)), request(RequestState.REJECTED)):
        await scene.notifier(other).show_request(changed)
    assert scene.messages(CHANNEL) == [former]
    assert len(scene.messages(other)) == 1
    assert "rejected" in scene.messages(other)[0]["text"].lower()
    in_former = [one for one in scene.world.slack_log.entries if one["path"].endswith("chat.update")]
    assert sum(CHANNEL in str(one["body"]) for one in in_former) == 1


def former_cards(scene: Scene, channel: ApprovalChannel) -> FormerChannelCards:
    """What empties cards, for this approval channel."""
    return FormerChannelCards(
        store=scene.store,
        service=Service(store=scene.store, clock=scene.world.clock, wake=lambda: None),
        copies=CardCopies(client=scene.client, store=scene.store, channel=channel),
        channel=channel,
        clock=scene.world.clock,
    )


async def test_every_card_in_a_former_channel_is_emptied_without_any_change(scene: Scene) -> None:
    """What is closed, too; an open request is shown where it belongs now."""
    closed = replace(request(RequestState.REJECTED), id=RequestId("r-closed"), version=1)
    for one in (replace(request(), version=1), closed):
        entry = AuditEntry(key=one.id, at=builders.NOW, actor="t", command="put", outcome="accepted", details={})
        assert await scene.store.commit(Commit(entry=entry, request=one))
        await scene.notifier().show_request(one)
    other = private(scene)
    channel = scene.channel(other)
    former = former_cards(scene, channel)
    before = scene.written().count("chat.update")
    for _ in range(3):
        await former.clear_cards()
    assert scene.written().count("chat.update") == before + 2
    for message in scene.messages(CHANNEL):
        assert "handled elsewhere" in message["text"]
        assert "contoso" not in json.dumps(message).lower()
    wanted = [one.effect for one in await scene.store.pending(scene.world.clock.now(), 9)]
    assert wanted == [ShowRequest(request_id=request().id)]
    await scene.notifier(other).show_request(request())
    assert "approve" in action_ids(scene.messages(other)[0])


async def test_a_former_channel_that_slack_does_not_reach_is_emptied_when_it_does(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    other = private(scene)
    scene.fail("chat.update", "internal_error", match=CHANNEL)
    with pytest.raises(NotifierUnavailable):
        await scene.notifier(other).show_request(request())
    await scene.notifier(other).show_request(request())
    assert "handled elsewhere" in scene.messages(CHANNEL)[0]["text"]


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message"])
async def test_a_review_card_that_cannot_be_updated_any_more_is_replaced_while_it_waits(
    scene: Scene, error: str
) -> None:
    await scene.notifier().show_review(partnership(), remind=True)
    scene.fail("chat.update", error)
    for _ in range(2):
        await scene.notifier().show_review(partnership(ends_at=partnership().since), remind=False)
    assert scene.counts() == {"@requester": 2}


async def test_of_several_reminders_that_cannot_be_updated_one_is_replaced(scene: Scene) -> None:
    for reminders in (1, 2, 3):
        await scene.notifier().show_review(partnership(reminders=reminders), remind=True)
    before = scene.counts()["@requester"]
    scene.fail("chat.update", "edit_window_closed", times=9)
    for _ in range(2):
        await scene.notifier().show_review(partnership(ends_at=partnership().since, reminders=3), remind=False)
    assert scene.counts()["@requester"] == before + 1


async def test_the_new_card_comes_before_the_old_one_is_forgotten(scene: Scene) -> None:
    """Whatever fails in between: the requester has a card again after the next attempt."""
    await scene.notifier().show_request(request())
    place = SLACK_IDS["requester"].removeprefix("U")
    scene.fail("chat.update", "cant_update_message", match=place, times=2)
    scene.fail("chat.postMessage", "internal_error", match=place)
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().show_request(request(RequestState.REJECTED))
    await scene.notifier().show_request(request(RequestState.REJECTED))
    assert "rejected" in scene.messages("@requester")[-1]["text"].lower()
    assert scene.counts()["@requester"] == 2


async def test_what_a_bot_read_of_the_channel_long_ago_empties_no_card_when_it_leads(scene: Scene) -> None:
    """Another bot led meanwhile, and the channel was repaired. Now Slack does not say what it is."""
    await scene.notifier().show_request(request())
    channel = scene.channel(CHANNEL)
    is_shared = {"ok": True, "channel": {"id": CHANNEL, "is_private": True, "is_ext_shared": True}}
    scene.world.faults.add(Fault(target="slack", method="conversations.info", body=is_shared, times=1))
    assert await channel.problem()
    assert channel.known_problem
    scene.world.clock.advance(int(CHANNEL_CHECKED_EVERY.total_seconds()))
    scene.fail("conversations.info", "ratelimited", times=9)
    await channel.check()
    await former_cards(scene, channel).clear_cards()
    assert "chat.update" not in scene.written()
    assert "approve" in action_ids(scene.messages(CHANNEL)[0])
