"""Changing one's mind: a waiting request is edited, a closed one is requested again, access is closed early."""

from typing import Any

import pytest

from tests.scenarios.stage import CHANNEL, CONTOSO, DAY, Stage, actions, buttons, words
from tests.scenarios.test_home import home
from tests.scenarios.test_messages import in_thread, received

pytestmark = pytest.mark.story

FIELDS = {
    "template": "trusted-partner",
    "justification": "Joint bridge project",
    "sponsor": "requester",
    "duration": "180",
}


async def opened(stage: Stage, user: str, action_id: str, **where: str) -> dict[str, Any]:
    """The window that a button opens, once it is filled."""
    answer = await stage.do("click", user=user, action_id=action_id, **where)
    assert answer["opened"], answer
    await stage.rest()
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


async def edit_form(stage: Stage, user: str = "requester") -> dict[str, Any]:
    """The form that edits the newest request, opened from the requester's message."""
    mine = (await stage.direct("requester"))[-1]
    return await opened(stage, user, "edit", channel="@requester", ts=mine["ts"])


async def send(stage: Stage, view: dict[str, Any], user: str = "requester", **fields: str) -> dict[str, Any]:
    """Send a filled-in form with some fields changed."""
    values = {name: {name: value} for name, value in {**FIELDS, **fields}.items()}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=values)
    await stage.rest()
    return answer


def filled(view: dict[str, Any]) -> dict[str, Any]:
    """What the fields of a form show at first."""
    found = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            chosen = element.get("initial_option", {}).get("value")
            found[block["block_id"]] = (
                element.get("initial_value") or element.get("initial_user") or element.get("initial_date") or chosen
            )
    return found


async def shown_to(stage: Stage, user: str) -> dict[str, Any]:
    """What somebody sees in the window on top."""
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


@pytest.mark.threats("C1", "C4")
async def test_an_edit_voids_the_approvals_and_asks_with_the_difference_only(stage: Stage) -> None:
    """One approval is in when the requester shortens the access and says more."""
    ts = await stage.ask(sponsor="admin")
    assert await stage.press("approver1", "approve", ts) == []
    assert await received(stage) == {"requester": 1, "approver1": 1, "approver2": 1, "approver3": 1, "admin": 1}

    view = await edit_form(stage)
    assert filled(view)["template"] == "trusted-partner"
    assert filled(view)["justification"] == "Joint bridge project"
    assert filled(view)["duration"] == "180"
    assert "target" not in filled(view), "the partner cannot be changed"
    assert "For another partner, send a new request." in words(view)
    assert "Sending this voids 1 approval" in words(view)
    answer = await send(stage, view, sponsor="admin", duration="90", justification="Joint bridge project, phase one")
    assert answer["errors"] == {}

    assert await received(stage) == {"requester": 1, "approver1": 2, "approver2": 1, "approver3": 1, "admin": 1}
    older, newer = await stage.direct("approver1")
    assert actions(older) == []
    assert "edited by Riley Park, see the newer message" in words(older)
    assert "no longer counts" in words(older)
    for approver in ("approver2", "approver3"):
        [waiting] = await stage.direct(approver)
        assert buttons(waiting) == []
        assert "Edited by Riley Park. You get a new message when it is your turn again." in words(waiting)
    assert buttons(newer) == ["approve", "reject"]
    said = " ".join(words(newer).split())
    assert "Riley Park edited this request" in said
    assert "Duration : was 180 days ; now 90 days" in said
    assert "phase one" in said
    assert "Trust in the partner's MFA" not in said, "the difference only"
    assert "Earlier approvals no longer count:" in said
    assert len(await in_thread(stage, ts)) == 1
    [card] = [message for message in await stage.messages() if message["ts"] == ts]
    assert "90 days, then blocked" in words(card), "updated in place"
    assert "Edited and sent again" in words((await stage.direct("requester"))[0])

    refused = await stage.press("requester", "approve", ts)
    assert "You can't approve your own request" in " ".join(refused)
    assert await stage.press("approver1", "approve", newer["ts"], channel="@approver1") == []
    for approver in ("approver2", "approver3"):
        mine = (await stage.direct(approver))[-1]
        assert await stage.press(approver, "approve", mine["ts"], channel=f"@{approver}") == []
    assert len(await stage.writes()) == 1
    assert "Edited and sent again" in await stage.read()
    for approver in ("approver1", "approver2", "approver3"):
        older, newer = await stage.direct(approver)
        assert (actions(older), "active (verified" in words(newer)) == ([], True)
        assert "edited by Riley Park, see the newer message" in words(older)


@pytest.mark.threats("C4")
async def test_an_old_approval_button_decides_nothing_after_an_edit(stage: Stage) -> None:
    """Only the justification changes: the settings are the same, and still nobody approved this text."""
    await stage.ask()
    [older] = await stage.direct("approver1")
    value = next(
        element["value"]
        for block in older["blocks"]
        for element in block.get("elements", [])
        if element.get("action_id") == "approve"
    )
    assert (await send(stage, await edit_form(stage), justification="Another project"))["errors"] == {}
    newer = (await stage.direct("approver1"))[-1]
    await stage.do("click", user="approver1", action_id="approve", channel="@approver1", ts=newer["ts"], value=value)
    await stage.rest()
    told = (await stage.see("messages", channel="@approver1", user="approver1"))["messages"]
    assert any("Decide on the newest card" in message["text"] for message in told)
    assert [await stage.direct(who) for who in ("approver2", "approver3")] == [[], []]


async def test_an_edit_that_changes_nothing_is_refused_at_the_form(stage: Stage) -> None:
    await stage.ask()
    answer = await send(stage, await edit_form(stage))
    assert list(answer["errors"]) == ["template"]
    assert answer["errors"]["template"].startswith("Nothing is different from the request that waits.")
    assert await received(stage) == {"requester": 1, "approver1": 1, "approver2": 0, "approver3": 0, "admin": 0}


async def test_an_edit_that_comes_too_late_says_what_to_do(stage: Stage) -> None:
    """Two windows on one request, a withdrawal between two clicks, and somebody else's click."""
    await stage.ask()
    first, second = await edit_form(stage), await edit_form(stage)
    assert (await send(stage, first, duration="90"))["errors"] == {}
    refused = (await send(stage, second, duration="365"))["errors"]["template"]
    assert refused.startswith("This request changed after you opened this window")
    for view in reversed((await stage.see("views", user="requester"))["views"]):
        await stage.do("close", user="requester", view_id=view["id"])

    late = await edit_form(stage)
    mine = (await stage.direct("requester"))[-1]
    await stage.press("requester", "withdraw", mine["ts"], channel="@requester")
    refused = (await send(stage, late, duration="365"))["errors"]["template"]
    assert refused.startswith("This request is closed (withdrawn)")


async def test_an_edit_of_what_was_applied_meanwhile_is_refused_and_loses_nothing_that_was_typed(stage: Stage) -> None:
    """The window is open while the approvals are completed and the change is written and read back."""
    ts = await stage.ask()
    late = await edit_form(stage)
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", ts) == []
    written, told = await stage.writes(), await received(stage)
    assert len(written) == 1

    for _ in range(2):
        answer = await send(stage, late, duration="365", justification="A long text about phase two")
        assert list(answer["errors"]) == ["template"], "an error at a field: Slack keeps what was typed"
        said = answer["errors"]["template"]
        assert "This request is closed (applied) and cannot change any more." in said
        assert "Request it again with" in said
        assert "What you typed stays in this window" in said
        assert (await shown_to(stage, "requester"))["id"] == late["id"], "the form is still open"

    assert await stage.writes() == written
    assert await received(stage) == told
    [card] = [message for message in await stage.messages() if message["ts"] == ts]
    assert "active (verified" in words(card)
    mine = words((await stage.direct("requester"))[0])
    assert "Edited" not in mine
    assert "phase two" not in str(await stage.messages())


async def test_an_edit_starts_the_time_to_decide_and_the_reminders_again(stage: Stage) -> None:
    await stage.until_monday()
    await stage.ask()
    await stage.later(9 * DAY)  # before the notice that it expires soon
    before = len(await stage.direct("approver1"))
    assert (await send(stage, await edit_form(stage), duration="90"))["errors"] == {}
    await stage.later(12 * DAY)  # a Monday again, in working hours
    card = (await stage.messages())[0]
    assert "approve" in buttons(card), "the first period to decide would have ended"
    assert len(await stage.direct("approver1")) > before + 1, "the new plan, and reminders of it"


async def test_another_sponsor_is_told_and_the_former_one_is_released(stage: Stage) -> None:
    guests = {"template": "guest-collaboration"}
    await stage.ask(sponsor="admin", **guests)
    assert (await send(stage, await edit_form(stage), sponsor="approver3", **guests))["errors"] == {}
    [former] = await stage.direct("admin")
    assert "You are not the sponsor any more: Riley Park named Chie Tanaka" in words(former)
    [named] = await stage.direct("approver3")
    assert "named you as the sponsor" in words(named)


async def test_a_second_request_for_the_partner_offers_to_edit_the_first(stage: Stage) -> None:
    await stage.ask()
    view_id = (await stage.do("command", user="requester", text="/partner request contoso.com"))["view_id"]
    await stage.rest()
    form = await shown_to(stage, "requester")
    assert [one for one in buttons(form) if one in ("edit", "withdraw")] == ["edit", "withdraw"]
    view = await opened(stage, "requester", "edit", view_id=view_id)
    assert view["title"]["text"] == "Edit request"
    assert (await send(stage, view, duration="90"))["errors"] == {}
    assert (await stage.see("views", user="requester"))["views"] == []


async def test_a_closed_request_is_requested_again_from_the_message_and_from_the_home(stage: Stage) -> None:
    await stage.ask(duration="90", justification="For the first phase")
    mine = (await stage.direct("requester"))[0]
    await stage.press("requester", "withdraw", mine["ts"], channel="@requester")
    [mine] = await stage.direct("requester")
    assert buttons(mine) == ["request_again"]
    view = await opened(stage, "requester", "request_again", channel="@requester", ts=mine["ts"])
    assert filled(view) == {
        "target": "contoso.com",
        "template": "trusted-partner",
        "justification": "For the first phase",
        "sponsor": filled(view)["sponsor"],
        "start_date": None,
        "duration": "90",
        "end_date": None,
    }
    await stage.do("close", user="requester", view_id=view["id"])
    at_home = await home(stage, "requester")
    view = await opened(stage, "requester", "request_again", view_id=at_home["id"])
    answer = await send(stage, view, target="contoso.com", duration="90")
    assert answer["errors"] == {}
    first, second = await stage.direct("requester")
    assert len(await stage.messages()) == 2, "a request of its own"
    assert (buttons(first), "withdraw" in buttons(second)) == ([], True)
    assert "Show newer request" in words(first)
    assert "request_again" not in buttons(await home(stage, "requester"))
    assert "Show newer request" in words(await home(stage, "requester"))


async def test_after_the_end_and_after_a_revocation_it_can_be_requested_again(stage: Stage) -> None:
    await stage.open_access()
    first = (await stage.direct("requester"))[0]
    assert "request_again" not in buttons(first)
    await stage.later(181 * DAY)
    assert "request_again" in buttons((await stage.direct("requester"))[0])
    assert (await stage.revoke())["errors"] == {}
    [first, *_] = await stage.direct("requester")
    assert buttons(first) == ["request_again"]


async def reasoned(stage: Stage, view: dict[str, Any], reason: str) -> dict[str, Any]:
    """Send the window of Close early."""
    values = {"justification": {"justification": reason}}
    answer = await stage.do("submit", user="admin", view_id=view["id"], values=values)
    await stage.rest()
    return answer


async def test_a_sponsor_asks_to_close_early_and_one_approver_decides(stage: Stage) -> None:
    await stage.open_access(sponsor="admin")
    [named, *_] = await stage.direct("admin")
    assert "close_early" in buttons(named)
    view = await opened(stage, "admin", "close_early", channel="@admin", ts=named["ts"])
    assert (view["title"]["text"], view["submit"]["text"]) == ("Close access early", "Send")
    assert filled(view) == {"justification": None}, "no template and no duration; somebody types why"
    said = str(view["blocks"])
    assert "contoso.com" in said
    assert "blocks all access between us and this partner" in said
    assert "Amara Okafor" in said, "who decides"
    assert (await reasoned(stage, view, "  "))["errors"].keys() == {"justification"}
    assert (await reasoned(stage, view, "The project ended"))["errors"] == {}
    again = await opened(stage, "admin", "close_early", channel="@admin", ts=named["ts"])
    assert again["submit"] is None, "the open request is named, and nothing can be sent twice"
    assert "open access request for this partner" in str(again["blocks"])
    card = await stage.card()
    assert await stage.press("approver1", "approve", card["ts"]) == []
    partner = await stage.partner(CONTOSO)
    assert partner is not None
    assert partner["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"
    assert len(await stage.messages(channel=CHANNEL)) == 2
