"""The questions of reviews in Slack: one message a person, and who counts as asked."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from bot.slack.outbound.announcements.review_list import MAX_NAMED, MAX_WITH_BUTTONS, review_list
from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.slack.outbound.scene import Scene, action_ids, partnership, person
from tests.bot.surfaces import shown
from tests.workflows.core import builders
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.plans.plan import OnSilence
from workflows.core.policy.reviews.silence import ReviewReminder
from workflows.core.settings.model import TenantId
from workflows.ports.notifier import AskedReview, NotAllNotified

ADMIN: Final = ChatId(SLACK_IDS["admin"])
ADMINS: Final = frozenset({ADMIN})
REQUESTER: Final = ChatId(SLACK_IDS["requester"])
ANSWERS: Final = ["keep", "reduce", "revoke_review", "review_details"]
MANAGER: Final = ChatId(SLACK_IDS["approver2"])


def due(number: int, **changes: Any) -> Partnership:
    tenant_id = TenantId(f"{number:08x}-1c1f-4a8a-9d30-1d2f00c0ffee")
    about = replace(builders.identity(), tenant_id=tenant_id, default_domain=f"p{number:04}.com")
    reminder = ReviewReminder(number=1, sponsor=person("requester").id, issued_at=builders.NOW, batch="b")
    usual: dict[str, Any] = {
        "identity": about,
        "review_reminders": (reminder,),
        "on_silence": OnSilence.SUSPEND,
        "next_review_at": builders.NOW + timedelta(days=3),
    }
    return partnership(**{**usual, **changes})


def asked(number: int, *, manager: ChatId | None = None, asks_admins: bool = False, **changes: Any) -> AskedReview:
    record = due(number, **changes)
    return AskedReview(record=record, reminder=record.review_reminders[-1], manager=manager, asks_admins=asks_admins)


def tenant(number: int) -> TenantId:
    return due(number).identity.tenant_id


def windows(message: dict[str, Any]) -> list[str]:
    """The partners whose review a message opens."""
    accessories = [block["accessory"] for block in message["blocks"] if "accessory" in block]
    assert {one["action_id"] for one in accessories} == {"review_partner"}
    return [one["value"] for one in accessories]


async def test_another_sponsor_and_the_admins_are_asked_again_although_the_numbers_begin_again(scene: Scene) -> None:
    """Who has the card of the former sponsor's first question has not been asked by the new one's."""
    earlier = asked(1, asks_admins=True)
    assert ADMIN in (await scene.notifier().send_review_reminders([earlier], admins=ADMINS, batch="b"))[tenant(1)]
    again = replace(earlier.reminder, issued_at=builders.NOW + timedelta(days=57), batch="c")
    later = replace(earlier, record=replace(earlier.record, review_reminders=(again,)), reminder=again)
    told = await scene.notifier().send_review_reminders([later], admins=ADMINS, batch="c")
    assert ADMIN in told[tenant(1)]
    assert len(scene.messages("@admin")) == 2


async def test_one_review_is_a_card_once(scene: Scene) -> None:
    for _ in range(2):
        told = await scene.notifier().send_review_reminders([asked(1)], admins=ADMINS, batch="b")
        assert told == {tenant(1): (REQUESTER,)}
    [card] = scene.messages("@requester")
    assert action_ids(card) == ANSWERS
    assert "Without an answer: suspended on" in shown(card["blocks"])
    assert scene.messages("@admin") == []


async def test_several_reviews_are_one_message_with_a_window_for_each(scene: Scene) -> None:
    reviews = [asked(number, manager=MANAGER if number == 1 else None, asks_admins=number == 2) for number in (1, 2)]
    for _ in range(2):
        told = await scene.notifier().send_review_reminders(reviews, admins=ADMINS, batch="b")
        assert told == {
            tenant(1): tuple(sorted((REQUESTER, MANAGER))),
            tenant(2): tuple(sorted((REQUESTER, ADMIN))),
        }
    assert scene.counts() == {"@requester": 1, "@approver2": 1, "@admin": 1}
    [message] = scene.messages("@requester")
    assert message["text"].startswith("2 reviews wait for an answer")
    assert windows(message) == [tenant(1), tenant(2)]
    assert action_ids(scene.messages("@approver2")[0]) == ANSWERS, "one review is a card"


async def test_the_next_batch_is_another_message(scene: Scene) -> None:
    reviews = [asked(1), asked(2)]
    await scene.notifier().send_review_reminders(reviews, admins=ADMINS, batch="b")
    await scene.notifier().send_review_reminders(reviews, admins=ADMINS, batch="c")
    assert scene.counts() == {"@requester": 2}


async def test_where_the_sponsor_cannot_be_reached_the_admins_are_asked(scene: Scene) -> None:
    scene.fail("conversations.open", "user_disabled", match=SLACK_IDS["requester"], times=10)
    told = await scene.notifier().send_review_reminders([asked(1)], admins=ADMINS, batch="b")
    assert told == {tenant(1): (ADMIN,)}
    gone = await scene.notifier().send_review_reminders(
        [asked(2, sponsor_gone_at=builders.NOW)], admins=ADMINS, batch="c"
    )
    assert gone == {tenant(2): (ADMIN,)}


async def test_one_person_who_cannot_be_told_now_delays_nobody_else(scene: Scene) -> None:
    scene.fail("conversations.open", "internal_error", match=SLACK_IDS["requester"], times=10)
    reviews = [asked(1), asked(2, sponsor=person("admin"))]
    with pytest.raises(NotAllNotified) as incomplete:
        await scene.notifier().send_review_reminders(reviews, admins=ADMINS, batch="b")
    assert incomplete.value.told == {tenant(1): (), tenant(2): (ADMIN,)}
    assert incomplete.value.waiting == frozenset({tenant(1)})
    scene.world.faults.clear()
    told = await scene.notifier().send_review_reminders(reviews[:1], admins=ADMINS, batch="b")
    assert told == {tenant(1): (REQUESTER,)}
    assert scene.counts() == {"@requester": 1, "@admin": 1}


async def test_an_admin_who_left_is_not_counted(scene: Scene) -> None:
    scene.fail("conversations.open", "user_disabled", match=SLACK_IDS["admin"], times=10)
    reviews = [asked(1, asks_admins=True), asked(2, sponsor=person("admin"))]
    told = await scene.notifier().send_review_reminders(reviews, admins=ADMINS, batch="b")
    assert told == {tenant(1): (REQUESTER,), tenant(2): ()}


async def test_of_a_thousand_reviews_only_those_that_the_message_names_count(scene: Scene) -> None:
    """The others are asked about in the next days. A repetition does not count more."""
    reviews = [asked(number) for number in range(1000)]
    told = await scene.notifier().send_review_reminders(reviews, admins=frozenset(), batch="b")
    assert scene.counts() == {"@requester": 1}
    assert [bool(people) for people in told.values()] == [True] * MAX_NAMED + [False] * 900
    [message] = scene.messages("@requester")
    assert windows(message) == [tenant(number) for number in range(MAX_WITH_BUTTONS)]
    text = shown(message["blocks"])
    assert "p0099.com" in text
    assert "p0100.com" not in text
    assert "and 900 more, which you are asked about in the next days." in text
    again = await scene.notifier().send_review_reminders(reviews[500:502], admins=frozenset(), batch="b")
    assert again == {tenant(500): (), tenant(501): ()}
    assert scene.counts() == {"@requester": 1}


def test_a_reader_who_is_not_the_sponsor_sees_whose_it_is() -> None:
    reviews = [asked(1, manager=MANAGER), asked(2, manager=MANAGER)]
    mine, managers = (shown(review_list(reviews, reader).blocks) for reader in (REQUESTER, MANAGER))
    assert "Sponsor" not in mine
    assert f"Sponsor {person('requester').name}" in managers
    assert "Your App Home lists all of them." in mine
    assert "/partner show" in managers
