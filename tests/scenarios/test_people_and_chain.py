"""People join and leave while requests are open: those who must decide are asked, and nobody else."""

import pytest

from tests.bot.bot_under_test import SLACK_IDS
from tests.scenarios.stage import Stage, words

pytestmark = pytest.mark.story

OTHER_GROUPS = {
    "ok": True,
    "usergroups": [
        {"handle": "partner-data-owners", "users": [SLACK_IDS["approver2"], SLACK_IDS["approver3"]]},
        {"handle": "partner-admins", "users": [SLACK_IDS["admin"]]},
    ],
}
"""What Slack lists once the security group was deleted."""


async def test_a_user_group_emptied_while_a_request_waits_is_told_to_admins_requester_and_approver(
    stage: Stage,
) -> None:
    ts = await stage.ask()
    await stage.do("faults", target="slack", method="usergroups.list", times=1000, body=OTHER_GROUPS)
    await stage.later(61)  # until then, the members that were read for the request decide
    told = await stage.press("approver1", "approve", ts)
    assert any("@partner-security does not exist or is off" in text for text in told)
    await stage.later(61)
    mine = [message["text"] for message in await stage.direct("requester")]
    assert len([text for text in mine if "cannot be approved now" in text]) == 1
    (alarm,) = [message for message in await stage.direct("admin") if "partner-security" in words(message)]
    assert alarm["text"].startswith("Alarm: ")
    await stage.call("DELETE", "faults")
    await stage.later(121)
    (alarm,) = [message for message in await stage.direct("admin") if "partner-security" in words(message)]
    assert alarm["text"].startswith("Fixed. The alarm was: ")
    assert await stage.press("approver1", "approve", ts) == []


async def test_guests_and_outsiders_see_no_card_and_their_forged_clicks_decide_nothing(stage: Stage) -> None:
    ts = await stage.ask()
    for user, reason in (("guest", "guest in this workspace"), ("outsider", "another workspace")):
        assert await stage.messages(user) == []
        (told,) = await stage.press(user, "approve", ts)
        assert reason in told
    assert "0 of 1 approval" in await stage.read()
