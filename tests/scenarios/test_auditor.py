"""An auditor finds every request and reads it with its history. Nobody else does, also not with a forged click."""

import json
from datetime import datetime
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.bot.bot_under_test import click, submission
from tests.bot.signing import interaction_body, signed
from tests.scenarios.stage import DAY, Stage, actions, words

pytestmark = pytest.mark.story

AUDITOR = "admin"
"""Who has the role of auditors in the sandbox."""
TURNED = '{"name":"requests","cursor":[],"is_before":false}'
NOT_OPENED = "Gatehouse cannot tell that this was opened for you"
ONLY_AUDITORS = "Only auditors can search all requests and read their audit history."


async def home(stage: Stage, user: str = AUDITOR) -> dict[str, Any]:
    """The App Home of somebody, as it is shown now."""
    shown: dict[str, Any] = (await stage.see("home", user=user))["home"]
    return shown


async def shown_home(stage: Stage, user: str = "U0ADMIN0001") -> dict[str, Any]:
    """The App Home that was published last. To look at it by the control API would open it again, from the start."""
    log = (await stage.see("slack/log"))["log"]
    bodies = [entry["body"] for entry in log if entry["path"].endswith("views.publish")]
    last = next(body for body in reversed(bodies) if body["user_id"] == user)
    return dict(last["view"] if isinstance(last["view"], dict) else json.loads(last["view"]))


async def search(stage: Stage, **filled: str) -> dict[str, Any]:
    """Search from the App Home with these fields; gives the App Home with the results."""
    view_id = (await home(stage))["id"]
    opened = await stage.do("click", user=AUDITOR, action_id="search_requests", view_id=view_id)
    await stage.rest()
    # The form is filled in with the last search. What is not named is emptied.
    names = ("searched_text", "searched_requester", "searched_approver", "searched_template", "sent_from", "sent_until")
    values = {name: {name: filled.get(name)} for name in names}
    values["searched_state"] = {"searched_state": filled.get("searched_state", "any")}
    answer = await stage.do("submit", user=AUDITOR, view_id=opened["opened"], values=values)
    assert answer["errors"] == {}, answer
    await stage.rest()
    return {**await shown_home(stage), "id": view_id}


def found(view: dict[str, Any]) -> list[str]:
    """The short ids of the requests that a search shows, in order."""
    return [
        block["accessory"]["value"]
        for block in view["blocks"]
        if block.get("accessory", {}).get("action_id") == "read_request"
    ]


async def ids(stage: Stage) -> list[str]:
    """Every request, newest first, as the empty search finds them."""
    return found(await search(stage))


async def window(stage: Stage, user: str, action_id: str, view_id: str, value: str) -> str:
    """Open a window by a button, and give what it says when it has settled."""
    await stage.do("click", user=user, action_id=action_id, view_id=view_id, value=value)
    await stage.rest()
    return words((await stage.see("views", user=user))["views"][-1])


async def test_an_auditor_searches_and_reads_and_nobody_else_does(stage: Stage) -> None:
    ts = await stage.ask(target="contoso.com")
    assert await stage.press("approver1", "reject", ts) == []
    (asked,) = (await stage.see("views", user="approver1"))["views"]
    reason = {"reason": {"reason": "No contract yet"}}
    await stage.do("submit", user="approver1", view_id=asked["id"], values=reason)
    await stage.do("clock", advance_seconds=3 * DAY)
    await stage.open_access(target="fabrikam.com", user="admin")
    later, earlier = await ids(stage)
    today = (await stage.see("clock"))["now"][:10]

    assert found(await search(stage, searched_text=earlier)) == [earlier], "by the whole id"
    assert found(await search(stage, searched_text=later[:6].lower())) == [later], "by its beginning"
    assert found(await search(stage, searched_text="Contoso")) == [earlier]
    assert found(await search(stage, searched_requester="Riley")) == [earlier]
    assert found(await search(stage, searched_requester="U0ADMIN0001")) == [later]
    assert found(await search(stage, searched_approver="Amara Okafor")) == [later, earlier]
    assert found(await search(stage, searched_approver="Chie")) == [later]
    assert found(await search(stage, searched_template="trusted")) == [later, earlier]
    assert found(await search(stage, searched_state="rejected")) == [earlier]
    assert found(await search(stage, sent_from=today)) == [later]
    assert found(await search(stage, sent_until=today)) == [later, earlier]
    nothing = await search(stage, searched_requester="Riley", searched_state="applied")
    assert found(nothing) == []
    assert "No request matches all of these conditions." in words(nothing)

    await revoked_and_read(stage, earlier, later)
    await stage.do("clock", advance_seconds=61)  # twenty searches in some seconds use up Slack's limit of a minute
    await nobody_else(stage, earlier)


async def revoked_and_read(stage: Stage, earlier: str, later: str) -> None:
    """A row says what became of the access; its windows only show."""
    await stage.forget_slack_calls()
    await stage.revoke(typed="fabrikam.com", domain="fabrikam.com")
    shown = await search(stage, searched_requester="Dana")
    assert "fabrikam.com · Trusted partner · revoked later (R-" in words(shown)
    details = await window(stage, AUDITOR, "read_request", shown["id"], later)
    view = (await stage.see("views", user=AUDITOR))["views"][-1]
    assert not {"approve", "reject", "withdraw", "edit"} & set(actions(view))
    assert "Bruno Keller" in details
    history = await window(stage, AUDITOR, "read_history", view["id"], later)
    assert "Revoked by R-" in history
    for said in (
        "Requested",
        "Approved",
        "Amara Okafor",
        "U0APPROVER1",
        "Change ID",
        "Verified in the tenant",
    ):
        assert said in history, said
    assert "Approval received" not in history, "each click has its result"
    assert "Revoked by R-" in details
    partner = await window(stage, AUDITOR, "read_partner", view["id"], "fab0fab0-2222-4aaa-8bbb-0123456789a2")
    assert "fabrikam.com: current settings" in partner
    for one in reversed((await stage.see("views", user=AUDITOR))["views"]):
        await stage.do("close", user=AUDITOR, view_id=one["id"])
    shown = await search(stage, searched_state="rejected")
    await window(stage, AUDITOR, "read_request", shown["id"], earlier)
    view = (await stage.see("views", user=AUDITOR))["views"][-1]
    history = await window(stage, AUDITOR, "read_history", view["id"], earlier)
    for said in ("Rejected", "Amara Okafor", "Reason", "No contract yet"):
        assert said in history, said


async def nobody_else(stage: Stage, request_id: str) -> None:
    """Requesters and approvers are offered nothing, and a forged payload gives them nothing."""
    for user in ("requester", "approver1"):
        shown = await home(stage, user)
        assert not {"search_requests", "read_request", "read_history", "read_partner"} & set(actions(shown))
        assert "All requests found" not in words(shown)
        await forged(stage, submission(user, "search_form", "", {}))
        own = {"view": shown, "container": {"type": "view", "view_id": shown["id"]}}
        await forged(stage, click(user, "home_next", TURNED))  # an App Home is missing: it counts for nothing
        await forged(stage, click(user, "home_next", TURNED, **own))
        told = [one["text"] for one in await stage.direct(user)]
        assert [sum(said in text for text in told) for said in (NOT_OPENED, ONLY_AUDITORS)] == [1, 1], told
        assert found(await home(stage, user)) == [], "neither is anything shown"
    for action_id in ("search_requests", "read_request", "read_history"):
        await forged(stage, click("approver1", action_id, request_id))
        assert (await stage.see("views", user="approver1"))["views"] == []


async def forged(stage: Stage, payload: dict[str, Any]) -> None:
    """Send the bot a payload that nobody was offered, signed as Slack signs."""
    bot = await stage.see("bot")
    at = datetime.fromisoformat((await stage.see("clock"))["now"]).timestamp()
    body = interaction_body(payload)
    headers, url = signed(body, secret=bot["signing_secret"], at=at), f"{bot['url']}/slack/events"
    async with ClientSession() as session, session.post(url, data=body, headers=headers) as got:
        assert got.status == 200
    await stage.rest()
