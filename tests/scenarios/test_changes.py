"""An approver asks for changes, or proposes to ask for less. The requester stays the one who edits."""

from typing import Any

import pytest

from tests.scenarios.stage import DAY, Stage, actions, words
from tests.scenarios.test_changing_ones_mind import filled, opened, send
from tests.scenarios.test_messages import in_thread

pytestmark = pytest.mark.story

DEVICES = "inboundTrust.isCompliantDeviceAccepted"


async def details(stage: Stage, user: str, ts: str, channel: str) -> dict[str, Any]:
    """The window Details, opened from a card."""
    return await opened(stage, user, "review_request", channel=channel, ts=ts)


async def change_window(stage: Stage, user: str, action_id: str) -> dict[str, Any]:
    """A window that an approver opens from Details."""
    card = (await stage.direct(user))[-1]
    view = await details(stage, user, card["ts"], f"@{user}")
    return await opened(stage, user, action_id, view_id=view["id"])


def boxes(*values: str) -> dict[str, Any]:
    """The state of ticked boxes."""
    options = [{"text": {"type": "plain_text", "text": value}, "value": value} for value in values]
    return {"type": "checkboxes", "selected_options": options}


async def propose(stage: Stage, user: str, **fields: Any) -> dict[str, Any]:
    """Send the window of a proposal."""
    view = await change_window(stage, user, "propose_less")
    values = {name: {name: value} for name, value in {"reason": "That is enough.", **fields}.items()}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=values)
    await stage.rest()
    return answer


async def approve_all(stage: Stage) -> None:
    for approver in ("approver1", "approver2", "approver3"):
        card = (await stage.direct(approver))[-1]
        assert await stage.press(approver, "approve", card["ts"], channel=f"@{approver}") == []


async def test_changes_are_requested_made_and_decided_again(stage: Stage) -> None:
    ts = await stage.ask()
    view = await change_window(stage, "approver1", "request_changes")
    values = {"reason": {"reason": "Please ask for 90 days only."}}
    assert (await stage.do("submit", user="approver1", view_id=view["id"], values=values))["errors"] == {}
    await stage.rest()

    mine, asked = await stage.direct("requester")
    assert "asks you to change your request" in words(asked)
    assert "Please ask for 90 days only." in words(asked)
    assert actions(asked) == ["edit_asked", "review_request"]
    assert "Changes requested by" in words(mine)
    [card] = [message for message in await stage.messages() if message["ts"] == ts]
    assert "Changes requested by" in words(card)
    assert "Please ask for 90 days only." in words(card)
    assert "asked the requester to change the request" in words((await in_thread(stage, ts))[-1])

    await stage.later(9 * DAY)
    form = await opened(stage, "requester", "edit_asked", channel="@requester", ts=asked["ts"])
    assert (filled(form)["duration"], filled(form)["justification"]) == ("180", "Joint bridge project")
    assert (await send(stage, form, duration="90"))["errors"] == {}
    said = " ".join(words((await stage.direct("approver1"))[-1]).split())
    assert "Duration : was 180 days ; now 90 days" in said
    assert "you need to do nothing more here" in words((await stage.direct("requester"))[1])
    await approve_all(stage)
    assert len(await stage.writes()) == 1


async def test_less_is_proposed_accepted_approved_by_its_proposer_and_the_flag_is_not_written(stage: Stage) -> None:
    ts = await stage.ask()
    empty = await propose(stage, "approver1", duration="180")
    assert "This is what the request asks for already" in " ".join(empty["errors"].values())
    assert (await propose(stage, "approver1", duration="90", left_out=boxes(DEVICES)))["errors"] == {}

    asked = (await stage.direct("requester"))[-1]
    said = " ".join(words(asked).split())
    assert actions(asked) == ["accept_proposal", "decline_proposal", "review_request"]
    assert "Duration : 180 days → 90 days" in said
    assert "Trust in the partner's compliant devices" in said
    assert "That is enough." in said
    [card] = [message for message in await stage.messages() if message["ts"] == ts]
    assert "proposes less" in words(card)

    assert await stage.press("requester", "accept_proposal", asked["ts"], channel="@requester") == []
    said = " ".join(words((await stage.direct("approver1"))[-1]).split())
    assert "accepted to ask for less, as Amara Okafor proposed" in said
    assert "Not asked for" in said
    assert actions((await stage.direct("requester"))[1]) == ["review_request"], "accepted once"
    mine = (await stage.direct("requester"))[0]
    form = await opened(stage, "requester", "edit", channel="@requester", ts=mine["ts"])
    assert "Not asked for" in words(form)

    await approve_all(stage)
    partner = await stage.partner()
    assert partner is not None
    trust = partner["inboundTrust"]
    assert (trust.get("isMfaAccepted"), trust.get("isCompliantDeviceAccepted")) == (True, None)
    [shown] = [await stage.do("command", user="admin", text="show contoso.com")]
    assert "without: Trust in the partner's compliant devices" in str(shown) + await stage.read("admin")


async def test_a_declined_proposal_leaves_the_request_as_it_is(stage: Stage) -> None:
    ts = await stage.ask()
    assert (await propose(stage, "approver1", duration="90"))["errors"] == {}
    asked = (await stage.direct("requester"))[-1]
    view = await opened(stage, "requester", "decline_proposal", channel="@requester", ts=asked["ts"])
    values = {"reason": {"reason": "The project lasts until spring."}}
    assert (await stage.do("submit", user="requester", view_id=view["id"], values=values))["errors"] == {}
    await stage.rest()
    assert "The project lasts until spring." in words((await in_thread(stage, ts))[-1])
    assert "declined your proposal to ask for less" in words((await stage.direct("approver1"))[-1])
    assert actions((await stage.direct("requester"))[1]) == ["review_request"]
    assert "180 days" in words((await stage.direct("requester"))[0])
