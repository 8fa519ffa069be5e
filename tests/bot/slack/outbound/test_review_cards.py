"""Reminders of reviews: who is asked, once for each, and who is asked instead."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import Scene, action_ids, partnership
from tests.bot.surfaces import shown
from tests.workflows.core import builders
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.people import ADMIN
from workflows.core.requests.request import RequestId, RequestKind, RequestState
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import NotifierRefused, NotifierUnavailable
from workflows.ports.records import Commit

# --- reviews ---


async def test_a_reminder_goes_to_the_sponsor_once(scene: Scene) -> None:
    for _ in range(3):
        await scene.notifier().show_review(partnership(), remind=True)
    assert scene.counts() == {"@requester": 1}
    assert "keep" in action_ids(scene.messages("@requester")[0])


async def test_without_a_reminder_nothing_is_posted(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(), remind=False)
    assert scene.counts() == {}


@pytest.mark.threats("G13")
async def test_where_the_sponsor_is_gone_the_admins_are_asked_at_once(scene: Scene) -> None:
    gone = partnership(sponsor_gone_at=builders.NOW)
    await scene.notifier().show_review(gone, remind=True)
    assert scene.messages("@requester") == [], "the sponsor cannot answer"
    (card,) = scene.messages("@admin")
    said = json.dumps(card)
    assert "no enabled account" in said
    assert "An admin who keeps the access becomes the sponsor." in said


async def test_from_the_fourth_reminder_on_the_admins_are_asked_too(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(reminders=4), remind=True)
    assert scene.counts() == {"@requester": 1, "@admin": 1}


async def reminded(scene: Scene, due: Partnership) -> None:
    """Remind as the queue worker does: again as long as Slack does not answer."""
    try:
        await scene.notifier().show_review(due, remind=True)
    except NotifierUnavailable:
        await scene.notifier().show_review(due, remind=True)


@pytest.mark.parametrize("method", ["conversations.open", "chat.postMessage", "chat.update"])
@pytest.mark.parametrize("who", ["requester", "admin"])
async def test_a_reminder_survives_a_slack_that_fails_once(scene: Scene, method: str, who: str) -> None:
    """Whatever was done before it failed, everybody has this reminder once, and the older card is closed."""
    await scene.notifier().show_review(partnership(), remind=True)
    place = SLACK_IDS[who] if method == "conversations.open" else SLACK_IDS[who].removeprefix("U")
    scene.fail(method, "internal_error", match=place)
    await reminded(scene, partnership(reminders=4))
    assert scene.counts() == {"@requester": 2, "@admin": 1}
    older, newer = in_order(scene, "@requester")
    assert newer["text"] == scene.messages("@admin")[0]["text"]
    assert "4 times" in str(newer["blocks"])
    assert "reminded again on" in shown(older["blocks"])
    assert action_ids(older) == []


def in_order(scene: Scene, place: str) -> list[dict[str, Any]]:
    return sorted(scene.messages(place), key=lambda one: str(one["ts"]))


async def test_only_the_newest_question_of_a_review_has_buttons_and_closed_ones_are_never_written_again(
    scene: Scene,
) -> None:
    for number in (1, 4, 5):
        scene.world.clock.advance(3 * 24 * 60 * 60)
        await scene.notifier().show_review(partnership(reminders=number), remind=True)
    *older, newest = in_order(scene, "@requester")
    assert [action_ids(one) for one in older] == [[], []]
    assert action_ids(newest) == ["keep", "reduce", "revoke_review", "review_details"]
    # The scene starts on Mar 1. Each closed card names the day of the newer one.
    closed = [shown(one["blocks"]) for one in older]
    assert [len(one["blocks"]) for one in older] == [1, 1], "one line"
    assert all("contoso.com" in one and "below" in one for one in closed)
    assert len(set(closed)) == 2
    assert scene.written().count("chat.update") == len(older) + len(scene.messages("@admin")) - 1

    first = partnership()
    kept = partnership(
        state=PartnershipState.ACTIVE,
        attestations=(Attestation(person=first.sponsor, reason="Needed", at=first.since),),
        reminders=0,
    )
    before = scene.written().count("chat.update")
    await scene.notifier().show_review(kept, remind=False)
    assert [action_ids(one) for one in in_order(scene, "@requester")] == [[], [], []]
    assert "review answered, access kept" in in_order(scene, "@requester")[-1]["text"]
    assert [shown(one["blocks"]) for one in in_order(scene, "@requester")[:2]] == closed
    assert scene.written().count("chat.update") == before + 2, "one for the sponsor, one for the admin"


async def test_an_answered_review_stays_answered_when_the_next_one_is_due(scene: Scene) -> None:
    """Also for an admin who was asked in the first review, and whom nobody asks in the second one yet."""
    first = partnership(reminders=4)
    await scene.notifier().show_review(first, remind=True)
    answer = Attestation(person=first.sponsor, reason="Needed", at=first.since)
    kept = replace(first, attestations=(answer,), state=PartnershipState.ACTIVE, reminders=0)
    await scene.notifier().show_review(kept, remind=False)
    due_again = replace(kept, state=PartnershipState.REVIEW_DUE, reminders=1)
    for _ in range(2):
        await scene.notifier().show_review(due_again, remind=True)
    older, newer = in_order(scene, "@requester")
    [admins] = scene.messages("@admin")
    for card in (older, admins):
        assert action_ids(card) == []
        assert "review answered, access kept" in card["text"]
        assert "access kept by Riley Park on" in shown(card["blocks"])
    assert action_ids(newer) == ["keep", "reduce", "revoke_review", "review_details"]


async def test_a_review_that_a_later_request_ended_does_not_come_back(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(reminders=4), remind=True)
    extended = partnership(request_id=RequestId("R-ANOTHER234"))
    await scene.notifier().show_review(extended, remind=True)
    [admins], [older, newer] = scene.messages("@admin"), in_order(scene, "@requester")
    for card in (older, admins):
        assert action_ids(card) == []
        assert "a later request was approved" in shown(card["blocks"])
    assert action_ids(newer) == ["keep", "reduce", "revoke_review", "review_details"]


async def test_each_review_asks_again(scene: Scene) -> None:
    """Reminders are counted from the beginning after every answer, and after every new approval."""
    first = partnership()
    kept = replace(first, attestations=(Attestation(person=first.sponsor, reason="Needed", at=first.since),))
    approved_anew = replace(first, request_id=RequestId("R-ANOTHER234"))
    for number, due in enumerate((first, kept, approved_anew), 1):
        for _ in range(2):
            await scene.notifier().show_review(due, remind=True)
        assert scene.counts() == {"@requester": number}


async def test_a_review_that_was_answered_meanwhile_is_not_asked_any_more(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(state=PartnershipState.ACTIVE, reminders=0), remind=True)
    assert scene.counts() == {}


async def test_one_whom_nobody_can_reach_does_not_keep_the_others_from_being_asked(scene: Scene) -> None:
    scene.directory.roles[ADMIN] = ("admin", "approver1", "approver2")
    scene.fail("conversations.open", "user_disabled", match=SLACK_IDS["admin"])
    await scene.notifier().show_review(partnership(reminders=4), remind=True)
    assert scene.counts() == {"@requester": 1, "@approver1": 1, "@approver2": 1}


@pytest.mark.threats("G13")
async def test_a_reminder_that_reaches_nobody_is_an_alarm(scene: Scene) -> None:
    scene.fail("conversations.open", "user_disabled", times=2)
    with pytest.raises(NotifierRefused, match="user_disabled"):
        await scene.notifier().show_review(partnership(), remind=True)


@pytest.mark.threats("G13")
@pytest.mark.parametrize("error", ["user_disabled", "user_not_found", "cannot_dm_bot"])
async def test_when_the_sponsor_has_left_the_admins_are_asked(scene: Scene, error: str) -> None:
    scene.fail("conversations.open", error, match=SLACK_IDS["requester"])
    await scene.notifier().show_review(partnership(), remind=True)
    assert scene.counts() == {"@admin": 1}
    assert "revoke_review" in action_ids(scene.messages("@admin")[0])


async def test_an_answered_review_has_no_live_buttons(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(), remind=True)
    await scene.notifier().show_review(partnership(state=PartnershipState.REVOKED, next_review_at=None), remind=False)
    (message,) = scene.messages("@requester")
    assert action_ids(message) == []


async def test_a_running_revocation_takes_keep_away_and_its_end_gives_it_back(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(), remind=True)
    running = replace(builders.request(RequestState.APPLYING, RequestKind.REVOCATION), version=1)
    entry = AuditEntry(key="k", at=builders.NOW, actor="gatehouse", command="submit", outcome="accepted", details={})
    await scene.store.commit(Commit(entry=entry, request=running))
    await scene.notifier().show_review(partnership(), remind=False)
    (message,) = scene.messages("@requester")
    assert action_ids(message) == []
    assert "A revocation is running" in json.dumps(message)
    ended = replace(running, version=2, state=RequestState.UNFIT)
    await scene.store.commit(Commit(entry=replace(entry, key="k2"), request=ended))
    await scene.notifier().show_review(partnership(), remind=False)
    assert "keep" in action_ids(scene.messages("@requester")[0])
