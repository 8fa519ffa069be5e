"""The question to the next sponsor: asked once, repeated once, and closed with what became of it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.bot.slack.outbound.scene import Scene, action_ids, person
from tests.bot.surfaces import shown
from tests.workflows.core.builders import NOW
from tests.workflows.core.builders import partnership as usual
from workflows.core.partners.partnership import Partnership
from workflows.core.people import ChatId
from workflows.core.policy.reviews.sponsorship import HANDOVER_EXPIRES_AFTER, Handover, HandoverState

ASKED = Handover(
    number=1,
    proposed=person("approver1"),
    proposed_by=person("requester"),
    proposed_at=NOW,
    expires_at=NOW + HANDOVER_EXPIRES_AFTER,
)


def partnership(handover: Handover | None = ASKED) -> Partnership:
    return usual(sponsor=person("requester"), handover=handover)


async def test_the_question_is_asked_once_and_repeated_once(scene: Scene) -> None:
    await scene.notifier().show_handover(partnership(None))
    for _ in range(3):
        await scene.notifier().show_handover(partnership())
    assert scene.counts() == {"@approver1": 1}
    assert action_ids(scene.messages("@approver1")[0]) == ["accept_sponsorship", "decline_sponsorship"]
    reminded = replace(ASKED, reminded_at=NOW + timedelta(days=3))
    for _ in range(3):
        await scene.notifier().show_handover(partnership(reminded))
    first, second = scene.messages("@approver1")
    assert action_ids(first) == []
    assert "a newer question about this below" in shown(first["blocks"])
    assert action_ids(second) == ["accept_sponsorship", "decline_sponsorship"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (HandoverState.ACCEPTED, "You are the sponsor now"),
        (HandoverState.DECLINED, "you declined"),
        (HandoverState.WITHDRAWN, "has withdrawn the question"),
        (HandoverState.EXPIRED, "did not answer in time"),
        (HandoverState.STOPPED, "no answer is needed any more"),
    ],
)
async def test_it_is_closed_with_what_became_of_it(scene: Scene, state: HandoverState, words: str) -> None:
    await scene.notifier().show_handover(partnership())
    await scene.notifier().show_handover(partnership(replace(ASKED, state=state, ended_at=NOW)))
    (message,) = scene.messages("@approver1")
    assert words in shown(message["blocks"])
    assert action_ids(message) == []


async def test_a_newer_question_closes_the_one_to_somebody_else(scene: Scene) -> None:
    await scene.notifier().show_handover(partnership())
    await scene.notifier().show_handover(partnership(replace(ASKED, number=2, proposed=person("approver2"))))
    (message,) = scene.messages("@approver1")
    assert "Somebody else was asked" in shown(message["blocks"])
    assert action_ids(scene.messages("@approver2")[0]) == ["accept_sponsorship", "decline_sponsorship"]


async def test_whoever_proposed_is_told_once_that_slack_does_not_reach_the_person(scene: Scene) -> None:
    gone = replace(ASKED, proposed=replace(person("approver1"), chat_id=ChatId("U0NOBODY001")))
    for _ in range(3):
        await scene.notifier().show_handover(partnership(gone))
    (message,) = scene.messages("@requester")
    assert "could not be asked" in shown(message["blocks"])
    assert action_ids(message) == ["change_sponsor"]


@pytest.mark.parametrize(("gone_at", "told"), [(None, {"@admin", "@requester"}), (NOW, {"@admin"})])
async def test_the_sponsor_or_the_admins_are_told_too_that_nobody_was_asked(
    scene: Scene, gone_at: datetime | None, told: set[str]
) -> None:
    """An admin proposed. The sponsor is told; where the sponsor has no account any more, the admins are."""
    nobody = replace(person("approver1"), chat_id=ChatId("U0NOBODY001"))
    unreachable = replace(ASKED, proposed=nobody, proposed_by=person("admin"))
    for _ in range(2):
        await scene.notifier().show_handover(replace(partnership(unreachable), sponsor_gone_at=gone_at))
    assert {channel for channel, count in scene.counts().items() if count} == told
    assert all(count == 1 for count in scene.counts().values())
