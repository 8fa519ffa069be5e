"""A review card says why it is due, and a review that ended with its reason says that nobody has to answer."""

from tests.bot.slack.outbound.scene import Scene, action_ids, partnership
from tests.bot.surfaces import shown
from tests.workflows.core.builders import NOW
from workflows.core.partners.partnership import PartnershipState
from workflows.core.requests.commands.review_event import ReviewReason, ReviewReasonCode

CAMPAIGN = ReviewReason(
    code=ReviewReasonCode.CAMPAIGN, at=NOW, values={"campaign": "C-1", "by": "Dana", "why": "Yearly check"}
)
DRIFT = ReviewReason(code=ReviewReasonCode.DRIFT, at=NOW, values={"drift": "absent"})


async def test_the_card_says_every_reason(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(review_reasons=(CAMPAIGN, DRIFT)), remind=True)
    (card,) = scene.messages("@requester")
    said = shown(card["blocks"])
    assert "Why now: " in said
    assert "not as approved" in said
    assert "Dana asked for a review of several partners: Yearly check." in said


async def test_a_review_that_ended_with_its_reason_asks_nothing_any_more(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(review_reasons=(CAMPAIGN,)), remind=True)
    ended = partnership(state=PartnershipState.ACTIVE, review_ended_by=CAMPAIGN, ended_reviews=1, reminders=0)
    await scene.notifier().show_review(ended, remind=False)
    (card,) = scene.messages("@requester")
    assert "nobody has to answer this review" in card["text"]
    assert "The campaign was withdrawn." in shown(card["blocks"])
    assert action_ids(card) == []


async def test_the_admins_are_asked_at_once_about_a_domain_that_moved(scene: Scene) -> None:
    values = {"domain": "contoso.com", "tenant_id": "2b7c0b0e-0000-4000-8000-000000000001"}
    moved = ReviewReason(code=ReviewReasonCode.DOMAIN_MOVED, at=NOW, values=values)
    await scene.notifier().show_review(partnership(review_reasons=(moved,)), remind=True)
    assert scene.counts() == {"@requester": 1, "@admin": 1}
    assert "belongs to another tenant now" in shown(scene.messages("@admin")[0]["blocks"])


async def test_the_next_review_is_asked_in_a_new_message_and_the_ended_one_keeps_its_end(scene: Scene) -> None:
    await scene.notifier().show_review(partnership(review_reasons=(CAMPAIGN,)), remind=True)
    await scene.notifier().show_review(partnership(review_reasons=(DRIFT,), ended_reviews=1), remind=True)
    older, newer = sorted(scene.messages("@requester"), key=lambda one: str(one["ts"]))
    assert "its reason was over before an answer" in shown(older["blocks"])
    assert "keep" in action_ids(newer)
