"""The window of Close early: one sentence, who decides, a reason; every problem at its only field."""

import pytest

from bot.slack.flows.request_access.close_early import at_the_reason, close_early_view, open_request_view
from bot.slack.people.approvers import Approvers, StageApprovers
from tests.bot.surfaces import assert_sound, element, shown
from tests.workflows.core.builders import RILEY, STAGES, TENANT, identity, request
from workflows.app.requests.open_request import open_request_fact
from workflows.core.errors.facts import Fact
from workflows.core.errors.refusal_codes import RefusalCode


def test_it_says_what_happens_and_asks_only_why() -> None:
    decides = [StageApprovers(stage=STAGES[0], approvers=Approvers(names=("Amara Okafor",)))]
    view = close_early_view(identity(), decides)
    assert_sound(view)
    assert (view["callback_id"], view["private_metadata"]) == ("close_partner", TENANT)
    assert (view["title"]["text"], view["submit"]["text"]) == ("Close access early", "Send")
    assert [one["block_id"] for one in view["blocks"] if one["type"] == "input"] == ["justification"]
    assert element(view, "justification")["multiline"] is True
    said = shown(view["blocks"])
    assert said.index("contoso.com") < said.index("After one approval, Gatehouse blocks all access between us and this")
    assert "Security, 1 approval: Amara Okafor" in said


def test_a_request_that_waits_is_named_and_nothing_can_be_sent() -> None:
    view = open_request_view(identity(), open_request_fact(request(), RILEY.chat_id, None))
    assert_sound(view)
    assert "submit" not in view
    assert "You have an open access request for this partner" in shown(view["blocks"])


def test_every_problem_is_shown_at_the_reason_its_own_first() -> None:
    missing, other = Fact(RefusalCode.JUSTIFICATION_MISSING, {}), Fact(RefusalCode.OPEN_REQUEST, {})
    assert at_the_reason({"target": other}) == {"justification": other}
    assert at_the_reason({"target": other, "justification": missing}) == {"justification": missing}


@pytest.mark.parametrize("ends", [True, False])
def test_the_window_says_that_guests_of_the_default_lose_access_only_where_they_do(ends: bool) -> None:
    view = close_early_view(identity(), (), ends_default_guests=ends)
    assert ("This block ends guest access by default, too." in str(view)) is ends
