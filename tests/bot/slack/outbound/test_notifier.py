"""Cards are posted once, updated at every change, and never repeated; an unreachable person does not delay others."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.blocks.message import Message, notice
from bot.slack.cards.approval.request_card import request_card
from bot.slack.outbound.requests import request_messages
from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import CHANNEL, Scene, action_ids, decided_by, request
from tests.workflows.core import builders
from tests.workflows.core.builders import NOW, text_message
from workflows.core.people import ChatId
from workflows.core.plans.plan import Plan
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import NotifierBlocked, NotifierRefused
from workflows.ports.records import Commit
from workflows.store import codec
from workflows.store.common import reading

# --- requests ---


async def test_a_card_is_posted_once(scene: Scene) -> None:
    for _ in range(3):
        await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1, "@approver1": 1, "@requester": 1, "@admin": 1}
    assert scene.written() == ["chat.postMessage"] * 4
    assert "approve" in action_ids(scene.messages(CHANNEL)[0])
    assert "approve" in action_ids(scene.messages("@approver1")[0])


async def test_every_copy_is_updated_in_place(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    before = {place: scene.messages(place)[0]["ts"] for place in scene.counts()}
    rejected = request(RequestState.REJECTED)
    for _ in range(2):
        await scene.notifier().show_request(rejected)
    assert {place: scene.messages(place)[0]["ts"] for place in scene.counts()} == before
    assert scene.written() == ["chat.postMessage"] * 4 + ["chat.update"] * 4
    for place in before:
        (message,) = scene.messages(place)
        assert "rejected" in message["text"].lower()
        assert action_ids(message) == (
            ["request_again", "review_request"] if place == "@requester" else ["review_request"]
        )


async def test_who_decided_keeps_no_live_buttons_and_who_is_next_is_asked(scene: Scene) -> None:
    await scene.notifier().show_request(request())
    await scene.notifier().show_request(request(decisions=(decided_by("approver1"),)))
    assert scene.counts() == {
        CHANNEL: 1,
        "@approver1": 1,
        "@approver2": 1,
        "@approver3": 1,
        "@requester": 1,
        "@admin": 1,
    }
    assert action_ids(scene.messages("@approver1")[0]) == ["review_request"]
    assert "approve" in action_ids(scene.messages("@approver2")[0])


async def test_the_long_card_of_many_copies_is_built_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Building it takes longer than anything else that the bot does for a click."""
    built: list[int] = []

    def counted(*arguments: Any, **more: Any) -> Message:
        built.append(1)
        return request_card(*arguments, **more)

    monkeypatch.setattr(request_messages, "request_card", counted)
    for decisions in ((), (decided_by("approver1"),), (decided_by("approver1"), decided_by("approver2"))):
        built.clear()
        await scene.notifier().show_request(request(decisions=decisions))
        assert built == [1]
    assert len(scene.counts()) == 6


async def test_a_card_reads_none_of_the_other_open_requests_of_its_requester(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One person may have hundreds, each with its own card. They are counted."""
    for number in range(40):
        other = replace(request(), id=RequestId(f"r-{number}"), version=1, created_at=NOW + timedelta(minutes=number))
        other = replace(other, prepared=replace(other.require_prepared(), plan=_plan_for(other, number)))
        await scene.store.commit(Commit(entry=_entry(number), request=other))
    shown = replace(other, id=RequestId("r-shown"), version=1, created_at=NOW + timedelta(hours=1))
    await scene.store.commit(Commit(entry=_entry(99), request=shown))
    parsed: list[object] = []

    def counted(adapter: Any, text: str) -> Any:
        parsed.append(adapter)
        return codec.load(adapter, text)

    monkeypatch.setattr(reading, "load", counted)
    await scene.notifier().show_request(shown)
    assert parsed.count(codec.REQUEST) == 0
    assert "40 other open requests" in json.dumps(scene.messages(CHANNEL)[0])


def _plan_for(one: AccessRequest, number: int) -> Plan:
    return replace(one.plan, tenant_id=TenantId(f"00000000-0000-4000-8000-{number:012d}"))


def _entry(number: int) -> AuditEntry:
    return AuditEntry(key=f"k-{number}", at=NOW, actor="os:test", command="submit", outcome="accepted", details={})


async def test_a_role_of_many_is_asked_in_the_channel_only(scene: Scene) -> None:
    scene.directory.roles[builders.SECURITY] = tuple(f"U{number}" for number in range(11))
    await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1, "@requester": 1, "@admin": 1}


async def test_a_request_without_a_plan_is_told_to_the_requester_only(scene: Scene) -> None:
    await scene.notifier().show_request(replace(request(), state=RequestState.PREPARING, prepared=None))
    assert scene.counts() == {"@requester": 1}


@pytest.mark.threats("G13")
@pytest.mark.parametrize("error", ["channel_not_found", "is_archived", "not_in_channel"])
async def test_a_channel_that_is_gone_does_not_keep_people_from_being_asked(scene: Scene, error: str) -> None:
    """An admin can repair that, so the card is tried again. Until then people get direct messages."""
    for _ in range(2):
        scene.fail("chat.postMessage", error, match=CHANNEL)
        with pytest.raises(NotifierBlocked, match=error):
            await scene.notifier().show_request(request())
    assert scene.counts() == {"@approver1": 1, "@requester": 1, "@admin": 1}
    await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1, "@approver1": 1, "@requester": 1, "@admin": 1}


async def test_of_a_large_role_ten_are_told_directly_while_the_channel_accepts_no_card(scene: Scene) -> None:
    """Somebody who can decide always gets the request. The ten people are the same at every attempt."""
    scene.directory.roles[builders.SECURITY] = tuple(f"U{number:02}" for number in range(12))
    for _ in range(2):
        scene.fail("chat.postMessage", "not_in_channel", match=CHANNEL)
        with pytest.raises(NotifierBlocked):
            await scene.notifier().show_request(request())
    opened = [
        entry["body"]["users"]
        for entry in scene.world.slack_log.entries
        if entry["path"].endswith("conversations.open")
    ]
    assert {users for users in opened if len(users) == 3} == {f"U{number:02}" for number in range(10)}


@pytest.mark.threats("G13")
async def test_an_approver_who_cannot_be_reached_does_not_keep_the_others_from_being_asked(
    scene: Scene,
) -> None:
    scene.directory.roles[builders.SECURITY] = ("approver1", "approver2", "approver3")
    scene.fail("conversations.open", "user_disabled", match=SLACK_IDS["approver1"])
    await scene.notifier().show_request(request())
    assert scene.counts() == {CHANNEL: 1, "@approver2": 1, "@approver3": 1, "@requester": 1, "@admin": 1}


@pytest.mark.parametrize("who", ["approver1", "requester"])
async def test_a_person_whom_slack_lets_nobody_write_to_is_no_alarm(scene: Scene, who: str) -> None:
    """The channel's card serves that person. One alarm for each update of it would hide the alarms that matter."""
    for state in (RequestState.AWAITING_APPROVAL, RequestState.REJECTED):
        scene.fail("conversations.open", "user_disabled", match=SLACK_IDS[who])
        await scene.notifier().show_request(request(state))
    assert scene.counts()[CHANNEL] == 1
    assert "rejected" in scene.messages(CHANNEL)[0]["text"].lower()


# --- words for one person ---


async def test_a_message_is_shown_where_the_click_was_and_to_nobody_else(scene: Scene) -> None:
    await scene.notifier().send_message(ChatId(SLACK_IDS["approver1"]), text_message("No <!channel>"), channel=CHANNEL)
    assert scene.written() == ["chat.postEphemeral"]
    assert scene.counts() == {}


@pytest.mark.parametrize("error", ["user_not_in_channel", "channel_not_found", "is_archived"])
async def test_a_message_that_cannot_be_shown_there_is_said_directly(scene: Scene, error: str) -> None:
    scene.fail("chat.postEphemeral", error)
    await scene.notifier().send_message(ChatId(SLACK_IDS["approver1"]), text_message("No."), channel=CHANNEL)
    (message,) = scene.messages("@approver1")
    assert message["text"] == notice("No.").text


async def test_a_message_without_a_place_is_said_directly(scene: Scene) -> None:
    await scene.notifier().send_message(ChatId(SLACK_IDS["approver1"]), text_message("No."), channel="")
    assert scene.counts() == {"@approver1": 1}


async def test_a_person_whom_nobody_can_reach_is_no_reason_to_try_for_ever(scene: Scene) -> None:
    with pytest.raises(NotifierRefused, match="user_not_found"):
        await scene.notifier().send_message(ChatId("U0NOBODY"), text_message("No."), channel="")
