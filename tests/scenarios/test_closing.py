"""Closing at every strength, without Slack: revoke and suspend at the command line, with proof, and drills."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, DAY, Stage, buttons, words
from tests.scenarios.test_posture import codes, gatehouse, posture
from tests.scenarios.test_request_to_revoke import BLOCKED
from tests.scenarios.test_show_and_close import shown
from tests.waiting import killed_when_it_hangs

pytestmark = pytest.mark.story

WHY = "They bought our competitor this morning"
STALE = {"status": 503, "body": {"error": {"code": "serviceNotAvailable", "message": "Try again."}}}


async def slack_is_down(stage: Stage) -> None:
    """Let every call of Slack fail from now on."""
    await stage.do("faults", target="slack", times=100_000, status=503, body={"ok": False, "error": "fatal_error"})


async def close(
    stage: Stage, verb: str, *options: str, partner: str = "contoso.com", wait: str = "20"
) -> tuple[int | None, str]:
    """Close a partner at the terminal, confirmed; returns the exit status and what was printed."""
    status, out, err = await gatehouse(
        stage, verb, partner, "--reason", WHY, "--confirm", partner, "--wait", wait, *options
    )
    return status, " ".join(f"{out} {err}".split())


async def without_bot(stage: Stage) -> None:
    """End the sandbox's bot for good: its process is stopped, and another one is not started."""
    bot = await stage.see("bot")
    os.kill(bot["pid"], signal.SIGSTOP)


async def require_blocked(stage: Stage) -> None:
    """Check in the tenant that Contoso is blocked."""
    partner = await stage.partner()
    assert partner is not None
    for way in ("b2bCollaboration", "b2bDirectConnect"):
        assert partner[f"{way}Inbound"] == partner[f"{way}Outbound"] == BLOCKED
    assert not any(partner["inboundTrust"].values())


async def history(stage: Stage) -> list[dict[str, Any]]:
    """Return the requests of the audit report about Contoso, the newest first."""
    status, out, err = await gatehouse(stage, "audit", "report", "--partner", "contoso.com", "--format", "json")
    assert status == 0, err
    requests: list[dict[str, Any]] = json.loads(out)["requests"]
    return requests


async def test_a_competitor_is_out_while_slack_is_down_and_the_bot_runs(stage: Stage) -> None:
    """One command, performed by the bot, read back; what is left is said; Slack hears of it when it is back."""
    await stage.open_access(sponsor="requester")
    waiting = await stage.ask(template="teams-shared-channels", sponsor="requester", duration="90")
    await slack_is_down(stage)
    before = len(await stage.graph())
    status, out = await close(stage, "revoke")
    assert status == 0, out
    for said in (
        "What is written",
        "What this stops: 1 request",
        "The running bot performs it.",
        "Read back.",
        "This was verified in the tenant. Nothing else is open.",
        "Issued tokens usually work for up to one more hour, until about",
        "How many guest accounts of the partner there are is not known.",
        "Only the partner can end sessions in its own tenant.",
        "To see their guests: gatehouse guests contoso.com",
    ):
        assert said in out, (said, out)
    await require_blocked(stage)
    about = [one for one in (await stage.graph())[before:] if one["path"].endswith(f"partners/{CONTOSO}")]
    assert [one["method"] for one in about].count("PATCH") == 1
    assert about[-1]["method"] == "GET", "read back"

    await stage.call("DELETE", "faults")
    await stage.later(120)
    stopped = next(one for one in await stage.messages() if one["ts"] == waiting)
    assert buttons(stopped) == []
    card = next(one for one in reversed(await stage.messages()) if "blocked (verified" in words(one))
    assert "(command line)" in words(card)
    assert "Recorded as revoked." in await shown(stage, "contoso.com")
    newest, *_ = await history(stage)
    assert (newest["kind"], newest["result"]["code"]) == ("revocation", "blocked")
    assert codes(await posture(stage), CONTOSO) == []


async def test_a_suspension_keeps_what_was_approved_and_is_told_as_such(stage: Stage) -> None:
    await stage.open_access(sponsor="requester")
    status, out = await close(stage, "suspend")
    assert status == 0, out
    assert "contoso.com is suspended (request R-" in out
    assert "The approval policy, sponsor and end of access, so that the suspension can be lifted." in out
    await require_blocked(stage)
    await stage.later(60)
    said = await shown(stage, "contoso.com")
    assert "Recorded as suspended." in said
    assert "Suspended (verified)" in said
    assert "Before: “ Trusted partner" in said
    status, out = await close(stage, "suspend", "--dry-run")
    assert (status, "Nothing: every block is set already" in out) == (0, True), out
    # Nothing is due while it is suspended: no review, no notice, no reminder, and the end writes nothing.
    written = len(await stage.writes())
    await stage.later(200 * DAY)
    assert len(await stage.writes()) == written
    assert "Recorded as suspended." in await shown(stage, "contoso.com")
    newest, *_ = await history(stage)
    assert newest["kind_in_words"] == "suspension"
    # For good, after all.
    status, out = await close(stage, "revoke")
    assert status == 0, out
    assert "Recorded as revoked." in await shown(stage, "contoso.com")
    status, out = await close(stage, "suspend")
    assert status == 1
    assert "already revoked" in out


async def test_a_dry_run_and_a_wrong_confirmation_store_nothing(stage: Stage) -> None:
    await stage.open_access(sponsor="requester")
    written = len(await stage.writes())
    status, out = await close(stage, "revoke", "--dry-run")
    assert (status, "Dry run: nothing was stored or written." in out) == (0, True), out
    assert "PATCH /policies/crossTenantAccessPolicy/partners/" in out
    status, _, err = await gatehouse(stage, "revoke", "contoso.com", "--reason", WHY, "--confirm", "fabrikam.com")
    assert (status, "that is contoso.com" in err) == (1, True), err
    status, _, err = await gatehouse(stage, "revoke", "contoso.com", "--reason", WHY)
    assert (status, "add --confirm contoso.com" in err) == (1, True), err
    status, _, err = await gatehouse(stage, "revoke", "contoso.com", "--confirm", "contoso.com")
    assert (status, "add --reason TEXT" in err) == (1, True), err
    status, _, err = await gatehouse(stage, "revoke", "no-such-partner.com", "--reason", WHY)
    assert status == 1, err
    assert len(await stage.writes()) == written
    assert [one["kind"] for one in await history(stage)] == ["access"]


async def test_a_drill_does_everything_but_the_writes_and_is_recorded(stage: Stage) -> None:
    await stage.open_access(sponsor="requester")
    await slack_is_down(stage)
    written = len(await stage.writes())
    status, out, err = await gatehouse(stage, "revoke", "contoso.com", "--drill")
    assert status == 0, out + err
    for said in ("beside the running bot", "runs, looked", "contoso.com: 1 write", "shows 0 of 1 write", "stored"):
        assert said in " ".join(out.replace("│", " ").split()), (said, out)
    assert len(await stage.writes()) == written
    assert [one["kind"] for one in await history(stage)] == ["access"]
    await stage.do("faults", target="graph", match="partners/", times=50, **STALE)
    status, out, err = await gatehouse(stage, "suspend", "contoso.com", "--drill")
    assert (status, "✗" in out) == (1, True), out


@pytest.mark.threats("F10")
async def test_graph_does_not_show_the_block_and_the_terminal_never_says_that_it_is_closed(stage: Stage) -> None:
    """Not confirmed, with its status; a day later the bot has confirmed it by itself."""
    await stage.open_access(sponsor="requester")
    stale = await stage.partner()
    await stage.do("faults", target="graph", method="GET", match=f"partners/{CONTOSO}", times=100_000, body=stale)
    status, out = await close(stage, "suspend", wait="3")
    assert status == 3, out
    assert "NOT CONFIRMED. It is stored and goes on by itself while the bot runs." in out
    assert "is suspended" not in out
    await stage.later(DAY)
    assert "Recorded as suspended" not in await shown(stage, "contoso.com")
    assert [one for one in await stage.direct("admin") if one["text"].startswith("contoso.com, alarm: ")]
    await stage.call("DELETE", "faults")
    await stage.later(3600)
    assert "Recorded as suspended." in await shown(stage, "contoso.com")


async def test_records_that_cannot_be_used_leave_the_calls_to_close_it_by_hand(stage: Stage) -> None:
    await stage.open_access(sponsor="requester")
    given = (await stage.see("bot"))["settings"]
    mine = {name: value for name, value in given.items() if not name.startswith(("SLACK_", "PORT", "HOST"))}
    broken = stage.data.parent / "broken.db"
    broken.write_text("no database " * 100)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "revoke", "contoso.com", "--reason", WHY, "--confirm", "contoso.com"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **mine, "DATABASE_URL": f"sqlite:///{broken}", "COLUMNS": "80"},
        cwd=stage.data.parent,
    )
    with killed_when_it_hangs(process):
        out, err = (one.decode() for one in await process.communicate())
    assert process.returncode == 4, err
    assert "The records cannot be used, so nothing was written" in err
    assert "Invoke-MgGraphRequest -Method PATCH" in out
    assert '"isMfaAccepted": false' in out
    assert await stage.partner() is not None


async def suspend(stage: Stage, user: str = "admin", reason: str = WHY, typed: str = "contoso.com") -> dict[str, Any]:
    """Suspend Contoso by the command in Slack; returns the answer to the window."""
    view_id = (await stage.do("command", user=user, text="/partner suspend contoso.com"))["view_id"]
    await stage.rest()
    values = {"confirm": {"confirm": typed}, "reason": {"reason": reason}}
    answer = await stage.do("submit", user=user, view_id=view_id, values=values)
    await stage.rest()
    return answer


async def lift_window(stage: Stage, user: str) -> dict[str, Any]:
    """Open the window to lift the suspension of Contoso; returns it."""
    await stage.do("command", user=user, text="/partner lift contoso.com")
    await stage.rest()
    view: dict[str, Any] = (await stage.see("views", user=user))["views"][-1]
    return view


async def lift(stage: Stage, user: str) -> str:
    """Ask to lift the suspension; returns the channel card's ts."""
    view = await lift_window(stage, user)
    values = {"justification": {"justification": "The sale was cancelled, they stay our partner"}}
    answer = await stage.do("submit", user=user, view_id=view["id"], values=values)
    assert answer["errors"] == {}, answer
    await stage.rest()
    return str((await stage.card())["ts"])


async def test_the_message_of_a_suspension_counts_the_guests_that_stay(stage: Stage) -> None:
    """As the scan for a review counted them, in Slack and at the terminal; before the scan the number is not known."""
    await stage.open_access(sponsor="requester")
    await stage.open_access(sponsor="requester", target="fabrikam.com")
    assert (await suspend(stage))["errors"] == {}
    await stage.tick()
    (early,) = [one["text"] for one in await stage.direct("admin") if "contoso.com is suspended" in one["text"]]
    assert "How many guest accounts of the partner there are is not known." in early
    await lift(stage, "requester")
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", (await stage.card())["ts"]) == []
    await stage.later(30 * DAY)
    await stage.tick()
    assert (await suspend(stage))["errors"] == {}
    await stage.tick()
    said = [one["text"] for one in await stage.direct("admin") if "contoso.com is suspended" in one["text"]][-1]
    assert " 2 guest accounts of the partner, as of" in said
    status, out = await close(stage, "revoke")
    assert (status, "2 guest accounts of the partner, as of" in out) == (0, True), out


async def test_an_admin_suspends_and_every_approver_lifts_it(stage: Stage) -> None:
    """What was approved is active again until the same end; nobody may lift alone."""
    await stage.open_access(sponsor="requester")
    opened = await stage.partner()
    await stage.later(DAY)
    window = await stage.do("command", user="admin", text="/partner suspend contoso.com")
    await stage.rest()
    (view,) = (await stage.see("views", user="admin"))["views"]
    for said in (
        "Suspend access",
        "kept, so that it can be lifted",
        "Type contoso.com to confirm",
        "B2B collaboration, inbound",
    ):
        assert said in f"{words(view)} {view['title']['text']}", said
    await stage.do("close", user="admin", view_id=window["view_id"])
    assert "reason" in (await suspend(stage, reason="  "))["errors"]
    assert (await suspend(stage))["errors"] == {}
    await stage.tick()
    await require_blocked(stage)
    (said,) = [one["text"] for one in await stage.direct("admin") if "is suspended" in one["text"]]
    assert "Lift it with /partner lift." in said
    assert "Recorded as suspended." in await shown(stage, "contoso.com")

    refused = await lift_window(stage, "approver1")
    assert "sponsor" in words(refused)
    await stage.do("close", user="approver1", view_id=refused["id"])
    view = await lift_window(stage, "admin")
    for said in ("What becomes active again, as R-", "Until ", "decides once more", "Who decides"):
        assert said in words(view), (said, words(view))
    await stage.do("close", user="admin", view_id=view["id"])
    ts = await lift(stage, "requester")
    (approve,) = [
        one
        for block in (await stage.card())["blocks"]
        for one in block.get("elements", [])
        if one.get("action_id") == "approve"
    ]
    assert "high risk" in approve["confirm"]["title"]["text"], "as for every other approval of high risk"
    written = len(await stage.writes())
    for approver in ("approver1", "approver2"):
        assert await stage.press(approver, "approve", ts) == []
    assert len(await stage.writes()) == written, "the whole chain decides"
    assert await stage.press("approver3", "approve", ts) == []
    await stage.tick()
    assert await stage.partner() == opened
    assert "Recorded as active." in await shown(stage, "contoso.com")
    assert any("the suspension is lifted" in one["text"] for one in await stage.direct("requester"))
    assert codes(await posture(stage), CONTOSO) == [] or "differs_from_approved" not in codes(
        await posture(stage), CONTOSO
    )


async def test_a_suspension_that_is_too_old_or_drifted_is_not_lifted(stage: Stage) -> None:
    await stage.open_access(sponsor="requester")
    assert (await suspend(stage))["errors"] == {}
    await stage.tick()
    everybody = {"usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}}
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: {"b2bCollaborationInbound": everybody}}})
    view = await lift_window(stage, "admin")
    assert "Somebody changed the partner since it was suspended." in words(view)
    await stage.do("close", user="admin", view_id=view["id"])
    await stage.later(3600)
    assert any("the partner was suspended, and is open" in words(one) for one in await stage.direct("admin"))
    assert (await suspend(stage))["errors"] == {}
    await stage.tick()
    await stage.later(31 * DAY)
    view = await lift_window(stage, "admin")
    assert "The suspension is older than 30 days." in words(view)
    assert "/partner restore" in words(view)


async def test_a_lift_during_a_freeze_waits(stage: Stage) -> None:
    await stage.open_access(sponsor="requester")
    assert (await suspend(stage))["errors"] == {}
    await stage.tick()
    ts = await lift(stage, "admin")
    status, _, err = await gatehouse(stage, "freeze", "--reason", WHY)
    assert status == 0, err
    written = len(await stage.writes())
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", ts) == []
    await stage.tick()
    assert len(await stage.writes()) == written
    await require_blocked(stage)
