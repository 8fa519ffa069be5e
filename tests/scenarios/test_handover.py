"""Sponsors: handed over and accepted by button, replaced when they left, and never deciding about their partner."""

from typing import Any

import pytest

from tests.bot.bot_under_test import SLACK_IDS
from tests.scenarios.stage import CHANNEL, DAY, Stage, buttons, words

pytestmark = pytest.mark.story

TWO_IN_SECURITY = {
    "ok": True,
    "usergroups": [
        {"handle": "partner-security", "users": [SLACK_IDS["approver1"], SLACK_IDS["admin"]]},
        {"handle": "partner-data-owners", "users": [SLACK_IDS["approver2"], SLACK_IDS["approver3"]]},
        {"handle": "partner-admins", "users": [SLACK_IDS["admin"]]},
    ],
}
RILEYS = "0a6f7d10-0001-4e1b-9b51-6d1f00000001"
HOUR = 3_600


async def window(stage: Stage, user: str, text: str = "/partner sponsor contoso.com") -> dict[str, Any]:
    """The window that a person gets."""
    await stage.do("command", user=user, text=text)
    await stage.rest()
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


async def hand_over(stage: Stage, user: str, to: str, domain: str = "contoso.com") -> dict[str, str]:
    """Ask somebody to be the sponsor; returns the errors of the form."""
    view = await window(stage, user, f"/partner sponsor {domain}")
    values = {"new_sponsor": {"new_sponsor": to}}
    errors: dict[str, str] = (await stage.do("submit", user=user, view_id=view["id"], values=values))["errors"]
    await stage.rest()
    return errors


async def question(stage: Stage, user: str) -> dict[str, Any]:
    """The newest message that asks a person to be the sponsor."""
    return [message for message in await stage.direct(user) if "accept_sponsorship" in buttons(message)][-1]


async def answer(stage: Stage, user: str, action: str) -> None:
    ts = (await question(stage, user))["ts"]
    await stage.press(user, action, ts, channel=f"@{user}")


async def told(stage: Stage, user: str) -> list[str]:
    return [message["text"] for message in await stage.direct(user)]


async def shown(stage: Stage, user: str = "requester") -> str:
    """What `/partner show` says."""
    await stage.do("command", user=user, text="/partner show contoso.com")
    await stage.rest()
    found = (await stage.see("messages", channel=CHANNEL, user=user))["messages"]
    return " ".join(words([message for message in found if message.get("is_ephemeral")][-1]).split())


async def test_a_sponsor_hands_over_and_the_new_one_answers_from_then_on(stage: Stage) -> None:
    await stage.open_access()
    assert await hand_over(stage, "requester", "approver1") == {}
    asked = words(await question(stage, "approver1"))
    assert "Riley Park is the sponsor, and asks you to be it instead." in " ".join(asked.split())
    assert "A sponsor cannot decide on requests" in asked
    assert any(
        "Until Amara Okafor accepts, the sponsor is Riley Park" in text for text in await told(stage, "requester")
    )
    assert "Amara Okafor is asked to be the sponsor" in await shown(stage)
    await answer(stage, "approver1", "accept_sponsorship")
    assert "Sponsor: Amara Okafor" in await shown(stage)
    assert any("Amara Okafor is the sponsor now" in text for text in await told(stage, "requester"))
    done = [message for message in await stage.direct("approver1") if "You are the sponsor now" in words(message)]
    assert len(done) == 1
    assert buttons(done[0]) == []
    # The partner setup, and the review when it is due, reach the new sponsor.
    assert any("show_checklist" in buttons(message) for message in await stage.direct("approver1"))
    await stage.later(91 * DAY)
    assert any("keep" in buttons(message) for message in await stage.direct("approver1"))


async def test_who_was_the_sponsor_lately_cannot_approve_what_the_next_one_asks(stage: Stage) -> None:
    """The attack: hand over to an accomplice who asks for more, and approve it."""
    await stage.open_access()
    await hand_over(stage, "requester", "approver1")
    await answer(stage, "approver1", "accept_sponsorship")
    await hand_over(stage, "approver1", "requester")
    await answer(stage, "requester", "accept_sponsorship")
    await stage.do("faults", target="slack", method="usergroups.list", times=1000, body=TWO_IN_SECURITY)
    await stage.later(61)
    ts = await stage.ask(duration="365")
    (refused,) = await stage.press("approver1", "approve", ts)
    assert "or were in the last 90 days" in refused
    assert "Amara Okafor" not in words(await stage.card()), "not named among those who can decide"
    assert await stage.press("admin", "approve", ts) == []


async def test_nobody_else_can_hand_over_or_answer_and_what_is_chosen_is_checked(stage: Stage) -> None:
    await stage.open_access()
    for user in ("approver1", "approver3"):
        view = await window(stage, user)
        assert "Only the sponsor, Riley Park" in words(view)
    assert "guest" in (await hand_over(stage, "requester", "guest"))["new_sponsor"]
    assert "another workspace" in (await hand_over(stage, "requester", "outsider"))["new_sponsor"]
    # Bruno Keller is Riley's manager in Entra.
    assert await hand_over(stage, "approver2", "approver3") == {}
    assert await hand_over(stage, "admin", "approver1") == {}
    assert any("Somebody else was asked" in words(message) for message in await stage.direct("approver3"))
    await answer(stage, "approver1", "decline_sponsorship")
    assert any("declined to be the sponsor" in text for text in await told(stage, "requester"))
    assert "Sponsor: Riley Park" in await shown(stage)


async def test_whoever_proposed_withdraws_the_question_and_the_sponsor_stays(stage: Stage) -> None:
    await stage.open_access()
    assert await hand_over(stage, "admin", "approver1") == {}
    seen_by_sponsor = await window(stage, "requester")
    assert "withdraw_sponsorship" not in str(seen_by_sponsor), "only who proposed withdraws"
    view = await window(stage, "admin")
    await stage.do("click", user="admin", action_id="withdraw_sponsorship", view_id=view["id"])
    await stage.rest()
    for user in ("admin", "requester"):
        assert any("withdrew the question" in text for text in await told(stage, user))
    assert any("has withdrawn the question" in words(message) for message in await stage.direct("approver1"))
    assert "Sponsor: Riley Park" in await shown(stage)


async def test_a_question_is_repeated_once_and_ends_and_the_sponsor_stays(stage: Stage) -> None:
    await stage.open_access()
    await hand_over(stage, "requester", "approver1")
    await stage.later(3 * DAY + HOUR)
    await stage.kill_the_bot()
    asked = [message for message in await stage.direct("approver1") if "accept_sponsorship" in buttons(message)]
    assert len(asked) == 1
    assert "reminder" in words(asked[0])
    await stage.later(4 * DAY)
    assert any("did not answer in time" in text for text in await told(stage, "requester"))
    open_ones = [message for message in await stage.direct("approver1") if "accept_sponsorship" in buttons(message)]
    assert open_ones == []
    assert "Sponsor: Riley Park" in await shown(stage)


async def test_a_sponsor_who_left_is_replaced_by_an_admin_with_the_manager_offered(stage: Stage) -> None:
    await stage.open_access()
    await stage.call("PATCH", "graph/state", {"users": {RILEYS: {"accountEnabled": False}}})
    await stage.later(HOUR + 120)
    (alarm,) = [message for message in await stage.direct("admin") if "change_sponsor" in buttons(message)]
    assert "Entra names Bruno Keller as the manager" in words(alarm)
    await stage.press("admin", "change_sponsor", alarm["ts"], channel="@admin")
    view = (await stage.see("views", user="admin"))["views"][-1]
    chosen = [block["element"].get("initial_user") for block in view["blocks"] if block["type"] == "input"]
    assert chosen == [SLACK_IDS["approver2"]]
    values = {"new_sponsor": {"new_sponsor": "approver2"}}
    await stage.do("submit", user="admin", view_id=view["id"], values=values)
    await stage.rest()
    # Until then the admins answer: the review is theirs.
    assert any("keep" in buttons(message) for message in await stage.direct("admin"))
    await answer(stage, "approver2", "accept_sponsorship")
    assert any("keep" in buttons(message) for message in await stage.direct("approver2"))
    await stage.later(120)
    assert not [message for message in await stage.direct("admin") if "change_sponsor" in buttons(message)]


async def test_slack_does_not_reach_the_new_one_and_the_partner_is_revoked_meanwhile(stage: Stage) -> None:
    await stage.open_access()
    body = {"ok": False, "error": "user_disabled"}
    await stage.do("faults", target="slack", method="conversations.open", times=1, body=body)
    await hand_over(stage, "requester", "approver1")
    assert any("could not be asked" in text for text in await told(stage, "requester"))
    await hand_over(stage, "requester", "approver3")
    await stage.revoke()
    closed = [
        message for message in await stage.direct("approver3") if "no answer is needed any more" in words(message)
    ]
    assert len(closed) == 1
    assert buttons(closed[0]) == []
