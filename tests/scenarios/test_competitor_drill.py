"""The drill: a partner turns competitor and must be out at once. Told from the view of an admin and of an auditor."""

import json
from html import unescape

import aiohttp
import pytest

from tests.scenarios.stage import CONTOSO, Stage, buttons, words
from tests.scenarios.test_audit_report import command, files_of
from tests.scenarios.test_posture import codes, gatehouse, posture
from tests.scenarios.test_request_to_revoke import BLOCKED
from tests.scenarios.test_show_and_close import shown
from tests.scenarios.test_watch import ALL, HOUR, alarms, top_view

pytestmark = pytest.mark.story

WHY = "They bought our competitor this morning"


async def test_one_command_puts_a_competitor_out_with_proof_and_keeps_it_out(stage: Stage) -> None:
    """One command; proof; what stays; what waited is stopped; posture, sweep and report agree; opened again, alarm."""
    await stage.open_access(sponsor="requester")
    waiting = await stage.ask(template="teams-shared-channels", sponsor="requester", duration="90")
    await stage.later(HOUR + 60)

    # The admin: one window, which says beforehand what it cannot do, and one confirmation.
    await stage.do("command", user="admin", text="/partner revoke contoso.com")
    window = await top_view(stage, "admin")
    for said in ("What this stops", "Their guest accounts stay", "up to one more hour", "Type contoso.com to confirm"):
        assert said in words(window), said
    typed = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": WHY}}
    before = len(await stage.graph())
    assert (await stage.do("submit", user="admin", view_id=window["id"], values=typed))["errors"] == {}
    await stage.rest()
    calls = (await stage.graph())[before:]
    about = [one for one in calls if one["path"].endswith(f"partners/{CONTOSO}")]
    assert [one["method"] for one in about][-2:] == ["PATCH", "GET"], "written, then read back"
    assert [one["method"] for one in about].count("PATCH") == 1
    partner = await stage.partner()
    assert partner is not None
    for way in ("b2bCollaboration", "b2bDirectConnect"):
        assert partner[f"{way}Inbound"] == partner[f"{way}Outbound"] == BLOCKED
    assert not any(partner["inboundTrust"].values())

    # Proof, what stays open, and guests.
    (result,) = [one["text"] for one in await stage.direct("admin") if "contoso.com is blocked" in one["text"]]
    for said in ("This was verified in the tenant.", "Nothing else is open.", "up to one more hour"):
        assert said in result, said
    assert "Guest accounts stay. Only the partner can end sessions in its own tenant." in result

    # What waited is stopped. An approver who clicks the old card opens nothing.
    stopped = next(one for one in await stage.messages() if one["ts"] == waiting)
    assert buttons(stopped) == []
    assert "stopped" in words(stopped)
    for message in await stage.direct("approver1"):
        assert "approve" not in buttons(message)
    assert "Recorded as revoked." in await shown(stage, "contoso.com")
    assert codes(await posture(stage), CONTOSO) == []
    status, out, _ = await gatehouse(stage, "sweep", columns=200)
    assert (status, "Nothing is different from what was approved." in out) == (0, True), out

    await _opened_again(stage)
    await _audited(stage)


async def _opened_again(stage: Stage) -> None:
    """Somebody opens the competitor in the portal: an alarm within one sweep, and one command again."""
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: {"b2bCollaborationInbound": ALL}}})
    await stage.later(HOUR)
    (alarm,) = await alarms(stage, "admin", "the partner was revoked, and is open")
    assert "restore_approved" not in buttons(alarm), "nothing that is approved stands behind a revoked partner"
    assert "Not as approved" in await shown(stage, "contoso.com")
    assert "revoked_but_open" in codes(await posture(stage), CONTOSO)
    assert (await stage.revoke())["errors"] == {}
    await stage.tick()
    (alarm,) = await alarms(stage, "admin", "the partner was revoked, and is open")
    assert "fixed" in words(alarm).lower()
    assert buttons(alarm) == []


async def _audited(stage: Stage) -> None:
    """The auditor gets one page about that partner, which tells all of it."""
    said = await command(stage, "admin", "audit contoso.com")
    assert "Blocked. As of the read-back on" in said
    (file,) = await files_of(stage, "admin")
    async with aiohttp.ClientSession() as session, session.get(file["url_private"]) as answer:
        page = unescape(await answer.text())
    for fact in (
        WHY,
        "No approval is needed: the right to revoke is checked when it is asked for.",
        "It showed the complete change.",
        "U0ADMIN0001",
        "a sweep: the partner was revoked, and is open",
    ):
        assert fact in page, fact
    status, out, err = await gatehouse(stage, "audit", "report", "--partner", "contoso.com", "--format", "json")
    assert status == 0, err
    again, first, stopped, opened = json.loads(out)["requests"]
    assert [one["kind"] for one in (again, first, stopped, opened)] == ["revocation", "revocation", "access", "access"]
    assert again["result"]["code"] == "blocked"
    assert again["read_back"]["is_complete"]
    assert first["seconds"]["to_verified"] <= 60, "at once"
    (change,) = first["changes_by_others"]
    assert (change["kind"], change["drift"]) == ("found_by_sweep", "revoked_but_open")
    assert stopped["graph_calls"] == []
