"""The question whether an access works: once to each person, to the sponsor when the requester left, and its ends."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from bot.slack.outbound.announcements.access_test_cards import access_question, closed_question, failure_card
from tests.bot.slack.outbound.scene import Scene, action_ids, person
from tests.bot.surfaces import shown
from tests.workflows.core.builders import NOW
from tests.workflows.core.builders import partnership as usual
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.people import ChatId
from workflows.core.policy.reviews.access_test import (
    AccessAnswer,
    AccessFailure,
    AccessOutcome,
    AccessTest,
    answered,
)
from workflows.core.policy.working_time import WorkingCalendar
from workflows.ports.message_copies import ClickedCard
from workflows.ports.notifier import NotifierUnavailable

ASKED = AccessTest(testers=(person("requester"),), question=1, asked_at=NOW, asked_by=person("requester"))
BUTTONS = ["access_works", "access_fails", "access_not_tried", "how_to_test"]
GONE = replace(person("requester"), chat_id=ChatId("U0NOBODY001"))


def partnership(test: AccessTest | None = ASKED) -> Partnership:
    return usual(sponsor=person("approver1"), access_test=test)


async def test_it_is_asked_once_and_closed_with_the_answer(scene: Scene) -> None:
    await scene.notifier().show_access_test(partnership(None))
    await scene.notifier().show_access_test(partnership(replace(ASKED, asked_at=None)))
    for _ in range(3):
        await scene.notifier().show_access_test(partnership())
    assert scene.counts() == {"@requester": 1}
    assert action_ids(scene.messages("@requester")[0]) == BUTTONS
    works = AccessAnswer(question=1, outcome=AccessOutcome.WORKS, person=person("requester"), at=NOW)
    await scene.notifier().show_access_test(partnership(answered(ASKED, works)))
    (message,) = scene.messages("@requester")
    assert ": works." in shown(message["blocks"])
    assert action_ids(message) == []
    assert scene.counts() == {"@requester": 1}, "nobody else is told that it works"


async def test_an_older_question_says_that_there_is_a_newer_one_and_a_closed_partner_that_none_is_needed(
    scene: Scene,
) -> None:
    await scene.notifier().show_access_test(partnership())
    await scene.notifier().show_access_test(partnership(replace(ASKED, question=2)))
    first, second = scene.messages("@requester")
    assert "a newer question about this below" in shown(first["blocks"])
    assert action_ids(second) == BUTTONS
    closed = replace(partnership(AccessTest(question=2)), state=PartnershipState.REVOKED)
    await scene.notifier().show_access_test(closed)
    assert "nobody has to say any more" in shown(scene.messages("@requester")[1]["blocks"])


async def test_the_sponsor_is_asked_when_the_requester_cannot_be_reached_and_then_the_admins(scene: Scene) -> None:
    at_once = replace(ASKED, testers=(GONE,), asked_by=person("approver1"))
    for _ in range(2):
        await scene.notifier().show_access_test(partnership(replace(at_once, testers=())))
    assert scene.counts() == {"@approver1": 1}
    by_admin = replace(at_once, question=2, testers=(), asked_by=person("admin"))
    await scene.notifier().show_access_test(replace(partnership(by_admin), sponsor_gone_at=NOW))
    assert scene.counts() == {"@approver1": 1, "@admin": 1}


async def test_a_requester_who_left_is_not_reached_and_the_sponsor_is_asked(scene: Scene) -> None:
    left = replace(ASKED, testers=(GONE,), asked_by=GONE)
    for _ in range(2):
        await scene.notifier().show_access_test(partnership(left))
    assert scene.counts() == {"@approver1": 1}


async def test_who_does_not_work_now_gets_it_later_and_who_asked_for_it_at_once(scene: Scene) -> None:
    by_itself = partnership(replace(ASKED, asked_by=None))
    to_night = (23 - scene.world.clock.now().hour + 12) % 24 - 12
    scene.directory.zones[person("requester").chat_id] = timezone(timedelta(hours=to_night))
    notifier = scene.notifier(calendar=WorkingCalendar())
    await notifier.show_access_test(by_itself)
    assert scene.counts() == {}
    await notifier.show_access_test(partnership())
    assert scene.counts() == {"@requester": 1}


async def test_what_does_not_work_is_told_once_to_the_sponsor_and_the_admins(scene: Scene) -> None:
    failure = AccessFailure(what="<!channel> *no*", address="maria@contoso.com", code="other")
    fails = AccessAnswer(question=1, outcome=AccessOutcome.FAILS, person=person("requester"), at=NOW, failure=failure)
    for _ in range(3):
        await scene.notifier().show_access_test(partnership(answered(ASKED, fails)))
    assert scene.counts() == {"@approver1": 1, "@admin": 1}
    (message,) = scene.messages("@admin")
    assert action_ids(message) == ["diagnose_failure", "ask_access_test"]
    assert "Gatehouse did not check this." in shown(message["blocks"])


FAILS = AccessAnswer(
    question=1,
    outcome=AccessOutcome.FAILS,
    person=person("requester"),
    at=NOW,
    failure=AccessFailure(what="they cannot sign in"),
)


async def click_on_unknown_card(scene: Scene) -> str:
    """Click on a question that Slack posted, but whose answer to us was lost. Returns its subject."""
    subject = f"access_test:{partnership().identity.tenant_id}"
    posted = await scene.copies().send(person("requester").chat_id, access_question(partnership(), ASKED))
    card = ClickedCard(
        subject=subject,
        channel=str(posted["channel"]),
        message_id=str(posted["ts"]),
        audience=person("requester").chat_id,
        may_be_unknown=True,
    )
    await scene.store.require_current_card(card)
    return subject


async def test_a_no_on_a_question_that_slack_posted_without_answering_is_reported_and_closes_it(scene: Scene) -> None:
    subject = await click_on_unknown_card(scene)
    for _ in range(2):
        await scene.notifier().show_access_test(partnership(answered(ASKED, FAILS)))
    assert scene.counts() == {"@requester": 1, "@approver1": 1, "@admin": 1}
    assert ": does not work." in shown(scene.messages("@requester")[0]["blocks"])
    assert [copy.is_live for copy in await scene.store.copies(subject)] == [False]
    again = replace(ASKED, question=2)
    await scene.notifier().show_access_test(partnership(again))
    assert scene.counts()["@requester"] == 2, "later questions are asked as usual"


async def test_an_unknown_question_of_access_that_is_closed_is_closed_as_well(scene: Scene) -> None:
    subject = await click_on_unknown_card(scene)
    await scene.notifier().show_access_test(partnership(None))
    assert [copy.is_live for copy in await scene.store.copies(subject)] == [False]


async def test_a_no_is_reported_also_while_slack_does_not_take_the_update_of_the_question(scene: Scene) -> None:
    await scene.notifier().show_access_test(partnership())
    scene.fail("chat.update", "internal_error")
    with pytest.raises(NotifierUnavailable):
        await scene.notifier().show_access_test(partnership(answered(ASKED, FAILS)))
    assert scene.counts() == {"@requester": 1, "@approver1": 1, "@admin": 1}


async def test_who_says_no_reads_who_was_told_and_what_follows(scene: Scene) -> None:
    failure = AccessFailure(what="An error", correlation_id="3f0a-1", time="Mar 12, 14:03 UTC")
    fails = AccessAnswer(question=1, outcome=AccessOutcome.FAILS, person=person("requester"), at=NOW, failure=failure)
    for known, said in (
        (partnership(), f"The sponsor {person('approver1').name} and the admins were told."),
        (replace(partnership(), sponsor_gone_at=NOW), "The admins were told."),
        (replace(partnership(), sponsor=person("requester")), "The admins were told."),
    ):
        message = closed_question(replace(known, access_test=answered(ASKED, fails)), 1)
        text = " ".join(shown(message.blocks).split())
        assert f"does not work. {said} They look for the cause, and may ask you once more." in text
    works = replace(fails, outcome=AccessOutcome.WORKS, failure=None)
    assert "told" not in shown(closed_question(partnership(answered(ASKED, works)), 1).blocks)
    card = shown(failure_card(partnership(answered(ASKED, fails)), fails).blocks)
    assert "Correlation ID: 3f0a-1" in card
    assert "Time: Mar 12, 14:03 UTC" in card
