"""Many partners are adopted with one decision: drafted at the command line, confirmed and decided in Slack."""

import csv
import hashlib
import json
from io import StringIO
from typing import Any, Final

import pytest
from aiohttp import ClientSession

from tests.scenarios.stage import CHANNEL, DAY, Stage, actions, words
from tests.scenarios.test_adopt import GUESTS, WIDE
from tests.scenarios.test_posture import gatehouse

pytestmark = pytest.mark.story

COUNT: Final = 40
APPROVERS: Final = ("approver1", "approver2", "approver3")
"""Together with the tenant's default the partners have elevated risk, so the strongest chain decides."""
JUSTIFICATION: Final = "Configured in the portal before Gatehouse"


def tenant_number(number: int) -> str:
    """A tenant id that shows its number."""
    return f"0badcafe-0000-4000-8000-{number:012d}"


def domain(number: int) -> str:
    """The domain of a partner."""
    return f"partner{number:03d}.example"


async def configure_many(stage: Stage, count: int = COUNT, *, wide: int = 0) -> None:
    """Configure partners in the portal, as the admin does: the first for guests, the last wide open."""
    numbers = range(1, count + wide + 1)
    organizations = {
        tenant_number(number): {
            "displayName": f"Partner {number}",
            "domains": [domain(number)],
            "defaultDomainName": domain(number),
        }
        for number in numbers
    }
    partners = {tenant_number(number): GUESTS if number <= count else WIDE for number in numbers}
    answer = await stage.call("PATCH", "graph/state", {"organizations": organizations, "partners": partners})
    assert answer["ok"], answer


async def draft(stage: Stage, *options: str) -> dict[str, Any]:
    """Draft a batch at the command line."""
    status, out, err = await gatehouse(stage, "adopt", "--all", "--format", "json", *options)
    assert (status, err) == (0, ""), (out, err)
    found: dict[str, Any] = json.loads(out)
    return found


async def open_draft(stage: Stage, batch_id: str, user: str = "requester") -> dict[str, Any]:
    """Type the command that the command line printed, and give the window as it settles."""
    await stage.do("command", user=user, text=f"/partner adopt {batch_id}")
    await stage.rest()
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


async def confirm(stage: Stage, batch_id: str, user: str = "requester", **fields: str) -> dict[str, Any]:
    """Open the draft and send it."""
    view = await open_draft(stage, batch_id, user)
    usual = {"justification": JUSTIFICATION, "sponsor": user, "duration": "180"}
    values = {name: {name: value} for name, value in {**usual, **fields}.items()}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=values)
    await stage.see("idle", timeout=60)
    return answer


async def batch_card(stage: Stage) -> dict[str, Any]:
    """The one card of the batch in the channel."""
    [card] = [one for one in await stage.messages() if "review_batch" in actions_of(one)]
    return card


def actions_of(message: dict[str, Any]) -> list[str]:
    """The buttons of a message; a message with a file has no blocks."""
    return actions(message) if message.get("blocks") else []


def header_of(message: dict[str, Any]) -> str:
    """The headline of a card; empty for a message without one."""
    first: dict[str, Any] = message["blocks"][0]
    return str(first["text"]["text"]) if first["type"] == "header" else ""


async def approve(stage: Stage, *users: str) -> None:
    """Approve the batch by these people, by default everybody, and wait until everything that follows is done."""
    for user in users or APPROVERS:
        card = await batch_card(stage)
        assert "approve_batch" in actions_of(card), f"{user} is not needed"
        answer = await stage.do("click", user=user, action_id="approve_batch", channel=CHANNEL, ts=card["ts"])
        assert answer["ephemeral"] == []
        await stage.see("idle", timeout=60)


async def attached(stage: Stage) -> list[dict[str, Any]]:
    """The messages with a list, in the thread of the card."""
    card = await batch_card(stage)
    found = [message for message in await stage.messages() if message.get("files")]
    assert all(message["thread_ts"] == card["ts"] for message in found)
    return found


async def content_of(message: dict[str, Any]) -> bytes:
    """Load the file of a message, as a person does."""
    async with ClientSession() as session, session.get(message["files"][0]["url_private"]) as answer:
        assert answer.status == 200
        return await answer.read()


async def told(stage: Stage, batch_id: str, user: str = "requester") -> list[str]:
    """What the bot wrote to somebody about the batch."""
    found = [message["text"].replace("\u2011", "-") for message in await stage.direct(user)]
    return [text for text in found if batch_id in text]


async def test_forty_partners_are_adopted_with_one_decision_and_a_row_that_changes_leaves(stage: Stage) -> None:
    await configure_many(stage, wide=1)
    found = await draft(stage)
    batch_id = found["batch"]
    states = [row["state"] for row in found["partners"]]
    assert (states.count("waiting"), states.count("alone")) == (COUNT, 1)
    view = await open_draft(stage, batch_id)
    for expected in (
        "In one decision: 40 partners",
        "Each with its own request and approval: 1 partner",
        "High risk is decided alone.",
        "they cannot approve: Dana Reyes",
        "The requester and chosen sponsor cannot approve.",
    ):
        assert expected in words(view), words(view)
    assert (await confirm(stage, batch_id))["errors"] == {}
    card = await batch_card(stage)
    assert "40 partners: adopt current settings" in words(card)
    assert "Guest collaboration" in words(card)

    [message] = await attached(stage)
    content = await content_of(message)
    rows = list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))
    assert {row["partner_domain"] for row in rows} == {domain(number) for number in range(1, COUNT + 1)}
    sha256 = hashlib.sha256(content).hexdigest()
    assert sha256 in message["text"]
    assert sha256[:12] in words(card)

    changed = {"inboundTrust": {"isMfaAccepted": True}}
    await stage.call("PATCH", "graph/state", {"partners": {tenant_number(7): changed}})
    await approve(stage)
    card = await batch_card(stage)
    assert "39 of 40 partners adopted (verified), 1 with its own request. Besides these: 1 decided alone" in words(card)
    assert domain(7) in words(card)
    assert await stage.writes() == []
    cards = [one for one in await stage.messages() if "approve" in actions_of(one)]
    named = {number for number in range(1, COUNT + 2) for one in cards if domain(number) in header_of(one)}
    assert named == {7, COUNT + 1}, "what changed, and what has high risk, have cards of their own"
    asked, ended = await told(stage, batch_id)
    assert "decide on 40 partners together" in asked
    assert "39 partners are adopted (verified)" in ended

    await stage.do("command", user="requester", text=f"/partner show {domain(1)}")
    await stage.rest()
    shown = (await stage.see("messages", channel=CHANNEL, user="requester"))["messages"]
    answers = " ".join(words(one) for one in shown if one.get("is_ephemeral")).replace("\u2011", "-")
    assert f"in batch {batch_id}" in answers
    assert "Adopted settings (same as “Guest collaboration”)" in answers


async def test_without_its_list_a_batch_cannot_be_decided_and_the_list_is_tried_again(stage: Stage) -> None:
    await configure_many(stage, 3)
    found = await draft(stage)
    body = {"ok": False, "error": "missing_scope"}
    await stage.do("faults", target="slack", method="files.completeUploadExternal", times=1000, body=body)
    assert (await confirm(stage, found["batch"]))["errors"] == {}
    card = await batch_card(stage)
    assert actions_of(card) == ["reject_batch", "review_batch"]
    assert "Nobody can approve: the list of partners is not attached." in words(card)
    assert "files:write" in words(card)
    assert not any("approve_batch" in actions_of(one) for one in await stage.direct("approver1"))
    assert (await stage.call("DELETE", "faults"))["ok"]
    await stage.later(DAY // 2)
    card = await batch_card(stage)
    assert actions_of(card) == ["approve_batch", "reject_batch", "review_batch"]
    assert len(await attached(stage)) == 1
    await approve(stage)
    assert "3 of 3 partners adopted" in words(await batch_card(stage))


async def test_an_approver_ends_a_batch_whose_list_cannot_be_attached(stage: Stage) -> None:
    await configure_many(stage, 2)
    found = await draft(stage)
    body = {"ok": False, "error": "missing_scope"}
    await stage.do("faults", target="slack", method="files.completeUploadExternal", times=1000, body=body)
    assert (await confirm(stage, found["batch"]))["errors"] == {}
    await reject(stage, await batch_card(stage), "Install the app again first")
    card = await batch_card(stage)
    assert "rejected" in words(card)
    assert actions_of(card) == ["review_batch"]


async def reject(stage: Stage, card: Any, reason: str) -> None:
    """Reject the batch as its first approver."""
    clicked = await stage.do("click", user="approver1", action_id="reject_batch", channel=CHANNEL, ts=card["ts"])
    values = {"reason": {"reason": reason}}
    assert (await stage.do("submit", user="approver1", view_id=clicked["opened"], values=values))["errors"] == {}
    await stage.see("idle", timeout=60)


async def test_a_restart_in_the_middle_adopts_every_partner_once(stage: Stage) -> None:
    await configure_many(stage)
    found = await draft(stage)
    assert (await confirm(stage, found["batch"]))["errors"] == {}
    card = await batch_card(stage)
    await approve(stage, *APPROVERS[:-1])
    await stage.do("click", user=APPROVERS[-1], action_id="approve_batch", channel=CHANNEL, ts=card["ts"])
    await stage.kill_the_bot()
    await stage.see("idle", timeout=60)
    assert "40 of 40 partners adopted" in words(await batch_card(stage))
    assert len(await told(stage, found["batch"])) == 2, "asked, and ended"
    assert len(await attached(stage)) == 1
    assert await stage.writes() == []
    assert (await draft(stage))["batch"] is None, "every partner has a record"


async def test_the_requester_cannot_decide_a_member_cannot_be_decided_alone_and_a_rejection_ends_all(
    stage: Stage,
) -> None:
    await configure_many(stage, 3)
    found = await draft(stage)
    batch_id = found["batch"]
    view = await open_draft(stage, batch_id, "approver1")
    assert "⚠️" in words(view), "with Amara as the requester nobody could decide"
    await stage.do("close", user="approver1", view_id=view["id"])
    assert (await confirm(stage, batch_id))["errors"] == {}
    card = await batch_card(stage)
    answer = await stage.do("click", user="requester", action_id="approve_batch", channel=CHANNEL, ts=card["ts"])
    await stage.rest()
    assert "3 of 3 partners adopted" not in words(await batch_card(stage))
    assert answer["ephemeral"] or await stage.direct("requester")
    await reject(stage, card, "Two of these contracts ended")
    card = await batch_card(stage)
    assert "rejected" in words(card)
    assert "Two of these contracts ended" in words(card)
    assert actions_of(card) == ["review_batch"]
    assert [text for text in await told(stage, batch_id) if "Nothing is adopted by it" in text]
    assert (await draft(stage))["batch"], "nothing was recorded, so all of them are drafted again"


@pytest.mark.threats("G20")
async def test_a_draft_is_confirmed_by_members_only_and_once(stage: Stage) -> None:
    await configure_many(stage, 2)
    batch_id = (await draft(stage))["batch"]
    assert (await open_draft(stage, batch_id, "guest")).get("submit") is None
    assert (await open_draft(stage, "B-0000000000")).get("submit") is None
    assert (await confirm(stage, batch_id, justification=" "))["errors"].keys() == {"justification"}
    assert (await confirm(stage, batch_id))["errors"] == {}
    assert (await open_draft(stage, batch_id)).get("submit") is None
    home = await home_of(stage, "requester")
    assert "2 partners: adopt current settings" in home
    await stage.do("click", user="requester", action_id="withdraw_batch", view_id=await home_id(stage, "requester"))
    await stage.see("idle", timeout=60)
    assert "withdrawn" in words(await batch_card(stage))


async def home_of(stage: Stage, user: str) -> str:
    """What the App Home of somebody says."""
    await home_id(stage, user)
    await stage.rest()
    return words((await stage.see("home", user=user))["home"])


async def home_id(stage: Stage, user: str) -> str:
    """Open the App Home of somebody, and return its view id."""
    found = await stage.see("home", user=user)
    await stage.rest()
    return str(found["home"]["id"]) if found.get("home") else ""
