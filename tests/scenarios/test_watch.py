"""The watch: a partner that was changed behind the bot's back is found, told, named, and answered."""

import json
import os
import signal
from contextlib import suppress
from typing import Any, Final

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout

from tests.scenarios.stage import CHANNEL, CONTOSO, DAY, Stage, words
from tests.scenarios.test_posture import gatehouse
from tests.waiting import LONGEST_WAIT

pytestmark = pytest.mark.story

HOUR: Final = 3600
FABRIKAM: Final = "fab0fab0-2222-4aaa-8bbb-0123456789a2"
ALL: Final = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}


async def changed_behind(stage: Stage, **settings: Any) -> list[dict[str, Any]]:
    """Change Contoso as an administrator in the portal; return the log's entries, which come only later."""
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: settings}})
    logged: list[dict[str, Any]] = (await stage.see("graph/state"))["state"]["directoryAudits"]
    await stage.call("PATCH", "graph/state", {"directoryAudits": []})
    return logged


async def told(stage: Stage, user: str, text: str = "not the approved ones") -> list[dict[str, Any]]:
    """The direct messages of one person that contain a text, oldest first."""
    found = (await stage.see("messages", channel=f"@{user}", user=user))["messages"]
    return [one for one in found if text in words(one)]


async def alarms(stage: Stage, user: str, text: str = "not the approved ones") -> list[dict[str, Any]]:
    """The alarms among them: cards of requests say the same."""
    return [one for one in await told(stage, user, text) if "alarm" in words(one).lower()]


async def sweeps(stage: Stage) -> int:
    """How often the list of partners was read from its beginning."""
    log = (await stage.see("graph/log"))["log"]
    return len(
        [one for one in log if one["path"].endswith("/crossTenantAccessPolicy/partners") and one["method"] == "GET"]
    )


async def press_in_view(stage: Stage, user: str, action_id: str, view_id: str) -> None:
    await stage.do("click", user=user, action_id=action_id, view_id=view_id)
    await stage.rest()


async def top_view(stage: Stage, user: str) -> dict[str, Any]:
    """The window that one person sees."""
    await stage.rest()
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


async def accept(stage: Stage, user: str, alarm: dict[str, Any], days: str) -> dict[str, Any]:
    """Accept the drift of an alarm for some days."""
    await stage.do("click", user=user, action_id="accept_drift", channel=f"@{user}", ts=alarm["ts"])
    view = await top_view(stage, user)
    values = {"duration": {"duration": days}, "reason": {"reason": "A test of the network team"}}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=values)
    await stage.rest()
    return answer


async def test_opened_behind_the_bots_back_is_alarmed_named_and_restored_by_the_chain(stage: Stage) -> None:
    """One alarm within one sweep; the author once the log has it; Restore through the usual chain; then it is over."""
    await stage.open_access(sponsor="requester")
    await stage.later(HOUR + 60)
    assert await told(stage, "admin") == []
    logged = await changed_behind(stage, b2bDirectConnectInbound=ALL)
    await stage.later(HOUR)
    (alarm,) = await told(stage, "admin")
    assert "contoso.com" in words(alarm)
    assert "There may be more access than was approved." in words(alarm)
    assert "not known yet" in words(alarm)
    assert len(await alarms(stage, "requester")) == 1, "the sponsor"
    own_card = words((await stage.direct("requester"))[0])
    assert "active, not as approved" in own_card, "their card of the request is not called active (verified) any more"
    assert "active (verified)" not in own_card
    copies = [words(one) for one in await told(stage, "approver1")]
    assert len(copies) == 1, copies
    assert "You approved this" in copies[0], "no message of its own, only their copy of the card"

    await stage.call("PATCH", "graph/state", {"directoryAudits": logged})
    await stage.later(180)
    (named,) = await told(stage, "admin")
    assert named["ts"] == alarm["ts"], "updated, not told again"
    assert "Author: " in words(named)
    assert "not known yet" not in words(named)
    for _ in range(3):
        await stage.later(HOUR)
    assert len(await told(stage, "admin")) == 1

    shown = await stage.do("command", user="requester", text="/partner show contoso.com")
    await stage.rest()
    messages = (await stage.see("messages", channel=CHANNEL, user="requester"))["messages"]
    assert "Not as approved" in words([one for one in messages if one.get("is_ephemeral")][-1]), shown
    home = json.dumps((await stage.see("home", user="admin"))["home"])
    assert "not the approved ones" in home

    await stage.do(
        "click",
        user="requester",
        action_id="restore_approved",
        channel="@requester",
        ts=(await alarms(stage, "requester"))[0]["ts"],
    )
    view = await top_view(stage, "requester")
    values: dict[str, Any] = {
        name: {name: value}
        for name, value in {
            "restores": next(
                block["element"]["initial_option"]["value"]
                for block in view["blocks"]
                if block.get("block_id") == "restores"
            ),
            "justification": "Somebody opened direct connect",
            "sponsor": "requester",
            "duration": "180",
        }.items()
    }
    answer = await stage.do("submit", user="requester", view_id=view["id"], values=values)
    assert answer["errors"] == {}
    await stage.rest()
    card = await stage.card()
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", card["ts"]) == []
    await stage.tick()
    partner = (await stage.see("graph/state"))["state"]["partners"][CONTOSO]
    assert partner["b2bDirectConnectInbound"] is None
    await stage.tick()
    (over,) = await told(stage, "admin")
    assert "fixed" in words(over).lower()
    status, out, err = await gatehouse(stage, "sweep")
    assert (status, err) == (0, ""), out + err


async def answers(health_url: str, *, within: float = LONGEST_WAIT) -> bool:
    """Tell whether a probe gets an answer from the bot."""
    with suppress(ClientError, TimeoutError):
        async with (
            ClientSession(timeout=ClientTimeout(total=within)) as session,
            session.get(f"{health_url}/healthz") as one,
        ):
            return one.status == 200
    return False


@pytest.mark.threats("G17")
async def test_a_stopped_bot_answers_no_probe_and_what_was_changed_meanwhile_is_told_when_it_runs_again(
    stage: Stage,
) -> None:
    """Whoever stops the bot to change the tenant unseen is seen twice: by the probe, and by the first sweep."""
    await stage.open_access()
    bot = await stage.see("bot")
    assert await answers(bot["health_url"])
    os.kill(bot["pid"], signal.SIGSTOP)
    assert not await answers(bot["health_url"], within=1)
    await changed_behind(stage, b2bDirectConnectInbound=ALL)
    added = {FABRIKAM: {"tenantId": FABRIKAM, "b2bCollaborationInbound": ALL}}
    await stage.call("PATCH", "graph/state", {"partners": added})
    await stage.kill_the_bot()
    assert await answers((await stage.see("bot"))["health_url"])
    await stage.later(HOUR + 60)
    assert len(await told(stage, "admin")) == 1
    assert len(await told(stage, "admin", "added outside of Gatehouse")) == 1


async def test_drift_is_accepted_until_a_date_and_asked_again(stage: Stage) -> None:
    """Other drift needs one admin. Its alarm ends, and comes again when the date passes."""
    await stage.open_access(sponsor="requester")
    await stage.later(HOUR + 60)
    await changed_behind(stage, inboundTrust={"isMfaAccepted": False, "isCompliantDeviceAccepted": False})
    await stage.later(HOUR)
    (alarm,) = await told(stage, "admin")
    assert (await accept(stage, "admin", alarm, "7"))["errors"] == {}
    (accepted,) = await told(stage, "admin")
    assert "accepted by" in words(accepted)
    status, out, _ = await gatehouse(stage, "sweep", columns=200)
    assert (status, "Accepted until" in out) == (0, True)
    await stage.later(6 * DAY)
    assert len(await told(stage, "admin")) == 1
    await stage.later(DAY + HOUR)
    again = await told(stage, "admin")
    assert len(again) == 2
    assert "It was accepted before, and that time is over." in words(again[-1])


async def test_opening_drift_needs_two_admins_and_never_its_author(stage: Stage) -> None:
    """The sandbox has one admin, who made the change in the portal, as its log says."""
    await stage.open_access(sponsor="requester")
    await stage.later(HOUR + 60)
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: {"b2bDirectConnectInbound": ALL}}})
    await stage.later(HOUR)
    (alarm,) = await told(stage, "admin")
    assert (await accept(stage, "admin", alarm, "3"))["errors"] == {}
    refused = await told(stage, "admin", "so you cannot accept it. Ask another admin.")
    waits = await told(stage, "admin", "more admin must accept it")
    assert len(refused) + len(waits) == 1


async def test_a_restart_tells_nothing_twice_and_the_command_says_what_differs(from_command: Stage) -> None:
    """Notices exactly once under restarts; `gatehouse sweep` next to the bot reads, stores, and tells through it."""
    stage = from_command
    await stage.open_access(sponsor="requester")
    await stage.call(
        "PATCH",
        "graph/state",
        {
            "partners": {
                CONTOSO: {"b2bDirectConnectInbound": ALL},
                FABRIKAM: {"tenantId": FABRIKAM, "b2bCollaborationInbound": ALL},
            }
        },
    )
    status, out, err = await gatehouse(stage, "sweep", "--json")
    assert (status, err) == (3, ""), err
    found = json.loads(out)
    assert {one["drift"] for one in found["found"]} == {"differs_from_approved", "unknown_to_gatehouse"}
    assert found["is_complete"] is True
    await stage.tick()
    assert len(await told(stage, "admin")) == 1
    assert len(await told(stage, "admin", "added outside of Gatehouse")) == 1
    for _ in range(2):
        await stage.stop()
        await stage.start()
        await stage.later(HOUR + 60)
    assert len(await told(stage, "admin")) == 1
    assert len(await told(stage, "admin", "added outside of Gatehouse")) == 1
    status, out, _ = await gatehouse(stage, "sweep", columns=200)
    assert (status, "contoso.com: the settings are not the approved ones" in out) == (3, True)


async def test_a_sweep_that_cannot_read_everything_is_said_as_incomplete(stage: Stage) -> None:
    """A page that fails: nothing counts as absent, the command says so, and a drifted partner is not told as clean."""
    await stage.open_access(sponsor="requester")
    await stage.later(HOUR + 60)
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: None}})
    fault = {"target": "graph", "match": "/crossTenantAccessPolicy/partners", "times": 50, "status": 403}
    await stage.do("faults", **fault, body={"error": {"code": "Forbidden", "message": "no"}})
    status, out, _ = await gatehouse(stage, "sweep", columns=200)
    assert (status, "INCOMPLETE" in out) == (4, True)
    assert await told(stage, "admin", "deleted") == []
    await stage.call("DELETE", "faults")
    await stage.later(HOUR)
    assert len(await told(stage, "admin", "settings were deleted")) == 1


async def test_the_posture_fails_on_what_is_asked(stage: Stage) -> None:
    """The exit status for a schedule: 3 for a concern of that severity."""
    status, _, _ = await gatehouse(stage, "posture", "--fail-on", "warning")
    assert status == 3, "Microsoft's default is open"
    status, _, _ = await gatehouse(stage, "posture", "--fail-on", "alert")
    assert status in (0, 4)
    status, _, err = await gatehouse(stage, "posture", "--fail-on", "note")
    assert status == 2
    assert "alert or warning" in err
