"""The freeze: nothing that opens is written, closing works, everybody is told once, and two admins end it."""

import json
from typing import Any, Final

import pytest

from tests.bot.bot_under_test import SLACK_IDS
from tests.scenarios.stage import DAY, Stage, actions, words
from tests.scenarios.test_posture import gatehouse

pytestmark = pytest.mark.story

REASON: Final = "Stolen account of an approver"
FROZEN: Final = f"{REASON}. Nothing that opens access is applied until two admins end it."
TWO_ADMINS: Final = {
    "ok": True,
    "usergroups": [
        {"handle": "partner-security", "users": [SLACK_IDS["approver1"]]},
        {"handle": "partner-data-owners", "users": [SLACK_IDS["approver2"], SLACK_IDS["approver3"]]},
        {"handle": "partner-admins", "users": [SLACK_IDS["admin"], SLACK_IDS["approver3"]]},
    ],
}
"""What Slack lists: one of the data owners is an admin, too."""


async def with_two_admins(stage: Stage) -> None:
    """Make a data owner an admin, too."""
    await stage.do("faults", target="slack", method="usergroups.list", times=10_000, body=TWO_ADMINS)


async def window(stage: Stage, user: str, text: str) -> dict[str, Any]:
    """Open a window by a command, and return it as it is shown."""
    await stage.do("command", user=user, text=text)
    await stage.rest()
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


async def freeze(stage: Stage, user: str = "admin") -> dict[str, Any]:
    """Freeze by the command in Slack; returns the window."""
    view = await window(stage, user, "/partner freeze")
    answer = await stage.do("submit", user=user, view_id=view["id"], values={"reason": {"reason": REASON}})
    assert answer["errors"] == {}
    await stage.rest()
    return view


async def freeze_at_the_terminal(stage: Stage) -> None:
    """Freeze by the command line."""
    status, out, err = await gatehouse(stage, "freeze", "--reason", REASON)
    assert (status, err) == (0, ""), err
    assert FROZEN in " ".join(out.split())


async def unfreeze(stage: Stage, user: str) -> dict[str, Any]:
    """Ask to end the freeze, or confirm that, as the window offers it; returns the window."""
    view = await window(stage, user, "/partner unfreeze")
    if view.get("submit"):
        answer = await stage.do("submit", user=user, view_id=view["id"], values={})
        assert answer["errors"] == {}
        await stage.rest()
    else:
        await stage.do("close", user=user, view_id=view["id"])
    return view


async def told(stage: Stage, user: str, text: str) -> list[str]:
    """The direct messages of a person about the freeze: those with a text in their notification."""
    return [one["text"] for one in await stage.direct(user) if text in one["text"]]


async def approve(stage: Stage, ts: str) -> None:
    """Have everybody approve who has to."""
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", ts) == []


async def test_an_admin_freezes_everybody_is_told_once_and_two_admins_end_it(stage: Stage) -> None:
    await with_two_admins(stage)
    ts = await stage.ask()
    view = await freeze(stage)
    assert "1 open request waits until then." in words(view)
    await stage.tick()
    for user in ("requester", "approver1"):
        (said,) = await told(stage, user, FROZEN)
        assert said.startswith("Frozen by Dana Reyes: ")
    assert await told(stage, "approver2", FROZEN) == [], "not asked yet"
    assert len(await told(stage, "admin", FROZEN)) == 1, "the alarm"
    (posted,) = [one for one in await stage.messages() if one["text"].startswith("Frozen by")]
    card = next(one for one in await stage.messages() if one["ts"] == ts)
    assert FROZEN in words(card)
    home = json.dumps((await stage.see("home", user="requester"))["home"])
    assert FROZEN in home
    form = await window(stage, "requester", "/partner request")
    assert FROZEN in words(form)
    await stage.do("close", user="requester", view_id=form["id"])

    await approve(stage, ts)
    card = next(one for one in await stage.messages() if one["ts"] == ts)
    assert FROZEN in words(card)
    await stage.later(DAY)
    assert await stage.writes() == []
    log = len(await stage.graph("GET"))
    await stage.tick()
    assert len(await stage.graph("GET")) - log < 5, "not tried again"

    assert "Two admins end it." in words(await unfreeze(stage, "admin"))
    await stage.tick()
    again = await unfreeze(stage, "admin")
    assert "Another admin must confirm that. You cannot." in words(again)
    assert await stage.writes() == []
    await stage.later(61)
    assert "You are the second admin." in words(await unfreeze(stage, "approver3"))
    await stage.tick()
    assert (await stage.partner() or {})["inboundTrust"] is not None
    assert len(await stage.writes()) == 1
    assert len(await told(stage, "requester", "has ended")) == 1
    (ended,) = [one for one in await stage.messages() if one["ts"] == posted["ts"]]
    assert "has ended" in ended["text"]
    assert FROZEN not in json.dumps((await stage.see("home", user="requester"))["home"])
    for user in ("requester", "approver1", "admin"):
        assert len(await told(stage, user, FROZEN)) <= 1, "nobody is told twice"


async def test_nobody_but_an_admin_freezes_and_there_must_be_something_to_end(stage: Stage) -> None:
    view = await window(stage, "requester", "/partner freeze")
    assert "Only admins can freeze" in words(view)
    await stage.do("close", user="requester", view_id=view["id"])
    view = await window(stage, "admin", "/partner unfreeze")
    assert "Nothing is frozen" in words(view)
    await stage.do("close", user="admin", view_id=view["id"])
    view = await window(stage, "admin", "/partner freeze")
    assert "There is only one admin now" in words(view)
    answer = await stage.do("submit", user="admin", view_id=view["id"], values={"reason": {"reason": "  "}})
    assert "The reason is missing." in answer["errors"]["reason"]
    await freeze_at_the_terminal(stage)
    await stage.tick()
    view = await window(stage, "admin", "/partner freeze")
    assert "at the command line" in words(view)
    assert "open_unfreeze" in actions(view)


async def test_approved_before_the_freeze_and_not_yet_written_waits_over_a_restart(stage: Stage) -> None:
    """Entra does not answer while it is approved; then it is frozen at the terminal, and the bot is killed."""
    await with_two_admins(stage)
    ts = await stage.ask()
    silent = {"target": "graph", "method": "GET", "match": "crossTenantAccessPolicy/partners", "status": 503}
    await stage.do("faults", times=1000, **silent)
    await approve(stage, ts)
    await freeze_at_the_terminal(stage)
    status, out, _ = await gatehouse(stage, "freeze", "--reason", "Again")
    assert (status, "the new reason was not stored" in " ".join(out.split())) == (0, True)
    await stage.call("DELETE", "faults")
    await with_two_admins(stage)
    await stage.kill_the_bot()
    await stage.later(600)
    assert await stage.writes() == []
    assert len(await told(stage, "requester", FROZEN)) == 1
    await stage.kill_the_bot()
    await stage.tick()
    assert len(await told(stage, "requester", FROZEN)) == 1, "told once, also under restarts"
    card = next(one for one in await stage.messages() if one["ts"] == ts)
    assert FROZEN in words(card)
    _, out, _ = await gatehouse(stage, "posture")
    assert FROZEN in " ".join(out.split())
    _, out, _ = await gatehouse(stage, "posture", "--json")
    assert json.loads(out)["freeze"]["reason"] == REASON
    await unfreeze(stage, "admin")
    await stage.later(61)
    await unfreeze(stage, "approver3")
    await stage.tick()
    assert len(await stage.writes()) == 1


async def test_a_freeze_between_two_writes_stops_the_second_and_a_revocation_still_works(stage: Stage) -> None:
    ts = await stage.ask(template="subsidiary-synchronization")
    await stage.do("faults", target="graph", method="PUT", match="identitySynchronization", times=1000, status=503)
    await approve(stage, ts)
    await freeze_at_the_terminal(stage)
    await stage.call("DELETE", "faults")
    sent = len(await stage.writes())
    await stage.later(60)
    await stage.later(DAY)
    assert len(await stage.writes()) == sent
    assert [entry["method"] for entry in await stage.writes() if entry["status"] < 300] == ["POST"]
    assert await told(stage, "admin", "is only partly applied") != []
    await stage.revoke()
    partner = await stage.partner() or {}
    assert partner["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"
    assert "PUT" not in [entry["method"] for entry in await stage.writes() if entry["status"] < 300]
