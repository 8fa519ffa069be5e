"""Every message that each person gets: none twice, and every necessary one."""

from typing import Any

import pytest

from tests.scenarios.stage import CHANNEL, CONTOSO, DAY, Stage, actions, buttons, words

pytestmark = pytest.mark.story

EVERYBODY = ("requester", "approver1", "approver2", "approver3", "admin")


async def received(stage: Stage) -> dict[str, int]:
    """How many direct messages everybody has."""
    return {who: len(await stage.direct(who)) for who in EVERYBODY}


async def in_thread(stage: Stage, ts: str) -> list[dict[str, Any]]:
    """Return the messages in the thread of a card."""
    return [message for message in await stage.messages() if message.get("thread_ts") == ts and message["ts"] != ts]


async def test_an_onboarding_takes_two_messages_for_requester_and_sponsor_and_one_for_approvers(stage: Stage) -> None:
    """Its sponsor is another person: told when named, and notified again when the partner setup is to be confirmed."""
    ts = await stage.ask(sponsor="admin")
    assert await received(stage) == {"requester": 1, "approver1": 1, "approver2": 0, "approver3": 0, "admin": 1}
    assert "named you as the sponsor" in words((await stage.direct("admin"))[0])
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", ts) == []
    assert await received(stage) == {"requester": 2, "approver1": 1, "approver2": 1, "approver3": 1, "admin": 2}
    named, acting = await stage.direct("admin")
    assert "active (verified" in words(named)
    assert (buttons(named), "confirm_half" in buttons(acting)) == (["ask_access_test", "close_early"], True)
    for approver in ("approver1", "approver2", "approver3"):
        assert "You approved this" in words((await stage.direct(approver))[0])
    assert len(await stage.messages()) == 1


async def test_after_an_outside_change_everybody_who_must_decide_again_gets_a_new_message(stage: Stage) -> None:
    """The change comes after two approvals, and is found just before the write."""
    ts = await stage.ask()
    for approver in ("approver1", "approver2"):
        assert await stage.press(approver, "approve", ts) == []
    changed = {"tenantId": CONTOSO, "inboundTrust": {"isMfaAccepted": False, "isCompliantDeviceAccepted": True}}
    assert (await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: changed}}))["ok"] is True
    assert await stage.press("approver3", "approve", ts) == []
    assert await stage.writes() == []
    assert (await received(stage))["approver1"] == 2
    older, newer = await stage.direct("approver1")
    assert buttons(older) == []
    assert "no longer counts" in words(older)
    assert buttons(newer) == ["approve", "reject"]
    assert "Different from the earlier plan" in words(newer)
    assert "Trust in the partner's MFA" in words(newer)
    [reply] = await in_thread(stage, ts)
    assert buttons(reply) == ["approve", "reject"]

    assert await stage.press("approver1", "approve", newer["ts"], channel="@approver1") == []
    for approver in ("approver2", "approver3"):
        assert (await received(stage))[approver] == 2
        mine = (await stage.direct(approver))[-1]
        assert await stage.press(approver, "approve", mine["ts"], channel=f"@{approver}") == []
    assert len(await stage.writes()) == 1
    assert "Approval is requested again." in words((await stage.direct("requester"))[1])
    assert await received(stage) == {"requester": 3, "approver1": 2, "approver2": 2, "approver3": 2, "admin": 0}
    assert len(await in_thread(stage, ts)) == 1
    assert all(buttons(message) == [] for message in await stage.messages())


async def test_remind_is_offered_in_the_message_only_while_it_is_possible(stage: Stage) -> None:
    """Nothing else happens to the request: the message itself loses the button, and gets it again."""

    async def offered() -> bool:
        [message] = await stage.direct("requester")
        return "remind" in buttons(message)

    await stage.until_monday()
    await stage.ask(template="guest-collaboration")
    assert not await offered(), "on the first day it would be refused"
    await stage.do("clock", advance_seconds=DAY)
    await stage.rest()
    assert "Approvers reminded" in words((await stage.direct("requester"))[0])
    assert not await offered(), "Gatehouse has reminded them just now"
    await stage.do("clock", advance_seconds=DAY)
    await stage.rest()
    assert await offered()
    [message] = await stage.direct("requester")
    assert await stage.press("requester", "remind", message["ts"], channel="@requester") == []
    assert not await offered()
    assert "You can remind them again from" in words((await stage.direct("requester"))[0])
    for _ in range(2):  # a reminder of Gatehouse's own comes after three working days
        await stage.do("clock", advance_seconds=DAY)
        await stage.rest()
    assert await offered()


async def test_of_questions_and_reminders_about_one_thing_only_the_newest_message_has_buttons(stage: Stage) -> None:
    await stage.until_monday()
    await stage.ask()
    for _ in range(2):  # reminders of Gatehouse's own, on Wednesday and on Friday
        await stage.later(2 * DAY)
    [mine] = await stage.direct("requester")
    await stage.later(3 * DAY)
    assert await stage.press("requester", "remind", mine["ts"], channel="@requester") == []
    _, *closed, newest = await stage.direct("approver1")
    assert len(closed) == 2
    assert all(message["text"].startswith("Reminded again on") and actions(message) == [] for message in closed)
    assert actions(newest) == ["review_request"]
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", (await stage.messages())[0]["ts"]) == []
    assert (await stage.direct("approver1"))[1:3] == closed
    done = (await stage.direct("approver1"))[3]
    assert done["text"].startswith("✅ Done.")
    await stage.ask(target="fabrikam.com")
    assert (await stage.direct("approver1"))[1:4] == [*closed, done], "nothing comes back"

    await stage.later(95 * DAY)
    await stage.later(3 * DAY)
    asked = ("is this access still needed?", "reminded again below")
    *older, newest = [one for one in await stage.direct("requester") if any(text in one["text"] for text in asked)]
    assert buttons(newest) == ["keep", "reduce", "revoke_review", "review_details"]
    assert [actions(message) for message in older] == [[]]
    assert "reminded again below" in older[0]["text"]


async def test_access_that_others_opened_beside_the_plan_is_in_the_new_message_and_on_the_card(stage: Stage) -> None:
    """The plan does not write it, so that it would stay open after the approval."""
    ts = await stage.ask(template="guest-collaboration")
    opened = {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    }
    partner = {"tenantId": CONTOSO, "b2bDirectConnectInbound": opened}
    assert (await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: partner}}))["ok"] is True
    assert await stage.press("approver1", "approve", ts) == []
    assert await stage.writes() == []
    card = next(message for message in await stage.messages() if message["ts"] == ts)
    for shown in ((await stage.direct("approver1"))[-1], (await stage.messages())[-1], card):
        assert "Opened outside Gatehouse, not part of this request" in words(shown)
        assert words(shown).count("Shared channels here: all apps") == 1
        assert "Approve and Reject both leave this open. Recommended: Reject" in words(shown)
        assert buttons(shown)[:2] == ["reject", "approve"]
    assert "B2B collaboration, inbound" not in words(card), "nobody changed it"


async def test_approvers_and_the_requester_hear_once_that_requests_expired(stage: Stage) -> None:
    await stage.ask()
    await stage.ask(target="fabrikam.com")
    await stage.later(30 * DAY)
    await stage.until_monday()
    told = [
        message for message in await stage.direct("approver1") if "expired without your decision" in message["text"]
    ]
    assert len(told) == 1
    assert "2 requests" in told[0]["text"]
    assert [await stage.direct(who) for who in ("approver2", "approver3")] == [[], []]
    mine = await stage.direct("requester")
    assert all("expired" in message["text"] for message in mine)
    [new] = [message for message in mine if "2 requests of yours expired" in message["text"]]
    assert len(mine) == 3
    assert buttons(new) == ["request_again"] * 2


async def test_after_a_revocation_the_card_of_the_approval_does_not_say_that_it_is_set(stage: Stage) -> None:
    ts = await stage.open_access()
    assert (await stage.revoke())["errors"] == {}
    [card] = [message for message in await stage.messages(channel=CHANNEL) if message["ts"] == ts]
    assert "revoked later" in card["text"]
    assert "Dana Reyes" in words(card)
    assert "active (verified" not in words(card)
    for who in ("requester", "approver1"):
        assert "revoked later" in (await stage.direct(who))[0]["text"]
