"""Reminders of reviews: who is asked, once for each, and who is asked instead."""

import json
from dataclasses import replace

import pytest

from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import Scene, action_ids, partnership
from tests.workflows.core import builders
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.people import ADMIN
from workflows.core.requests.request import RequestId, RequestKind, RequestState
from workflows.ports.notifier import NotifierRefused, NotifierUnavailable
from workflows.ports.records import AuditEntry, Commit

# --- reviews ---


async def test_a_reminder_goes_to_the_sponsor_once(scene: Scene) -> None:
    for _ in range(3):
        await scene.notifier().show_review(partnership(), remind=True)
    assert scene.counts() == {"@requester": 1}
    assert "keep" in action_ids(scene.messages("@requester")[0])


async def test_without_a_reminder_nothing_is_posted(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(), remind=False)
    assert scene.counts() == {}


async def test_where_the_sponsor_is_gone_the_admins_are_asked_at_once(scene: Scene) -> None:
    gone = partnership(sponsor_gone_at=builders.NOW)
    await scene.notifier().show_review(gone, remind=True)
    assert scene.messages("@requester") == [], "the sponsor cannot answer"
    (card,) = scene.messages("@admin")
    said = json.dumps(card)
    assert "no enabled account" in said
    assert "An admin who keeps the access becomes the sponsor." in said


async def test_from_the_second_reminder_on_the_admins_are_asked_too(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(reminders=2), remind=True)
    assert scene.counts() == {"@requester": 1, "@admin": 1}


async def reminded(scene: Scene, shown: Partnership) -> None:
    """Remind as the queue worker does: again as long as Slack does not answer."""
    try:
        await scene.notifier().show_review(shown, remind=True)
    except NotifierUnavailable:
        await scene.notifier().show_review(shown, remind=True)


@pytest.mark.parametrize("method", ["conversations.open", "chat.postMessage", "chat.update"])
@pytest.mark.parametrize("who", ["requester", "admin"])
async def test_a_reminder_survives_a_slack_that_fails_once(scene: Scene, method: str, who: str) -> None:
    """Whatever was done before it failed, everybody has this reminder once, and the older cards tell the same."""
    await scene.notifier().show_review(partnership(), remind=True)
    place = SLACK_IDS[who] if method == "conversations.open" else SLACK_IDS[who].removeprefix("U")
    scene.fail(method, "internal_error", match=place)
    await reminded(scene, partnership(reminders=2))
    assert scene.counts() == {"@requester": 2, "@admin": 1}
    assert {message["text"] for message in scene.messages("@requester")} == {scene.messages("@admin")[0]["text"]}
    assert all("twice" in str(message["blocks"]) for message in scene.messages("@requester"))


async def test_each_review_asks_again(scene: Scene) -> None:
    """Reminders are counted from the beginning after every answer, and after every new approval."""
    first = partnership()
    kept = replace(first, attestations=(Attestation(person=first.sponsor, reason="Needed", at=first.since),))
    approved_anew = replace(first, request_id=RequestId("R-ANOTHER234"))
    for number, shown in enumerate((first, kept, approved_anew), 1):
        for _ in range(2):
            await scene.notifier().show_review(shown, remind=True)
        assert scene.counts() == {"@requester": number}


async def test_a_review_that_was_answered_meanwhile_is_not_asked_any_more(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(state=PartnershipState.ACTIVE, reminders=0), remind=True)
    assert scene.counts() == {}


async def test_one_whom_nobody_can_reach_does_not_keep_the_others_from_being_asked(scene: Scene) -> None:
    scene.directory.roles[ADMIN] = ("admin", "approver1", "approver2")
    scene.fail("conversations.open", "user_disabled", match=SLACK_IDS["admin"])
    await scene.notifier().show_review(partnership(reminders=2), remind=True)
    assert scene.counts() == {"@requester": 1, "@approver1": 1, "@approver2": 1}


async def test_a_reminder_that_reaches_nobody_is_an_alarm(scene: Scene) -> None:
    scene.fail("conversations.open", "user_disabled", times=2)
    with pytest.raises(NotifierRefused, match="user_disabled"):
        await scene.notifier().show_review(partnership(), remind=True)


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
