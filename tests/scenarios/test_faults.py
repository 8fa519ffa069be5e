"""Crashes and unreachable services: nothing acknowledged is lost, nothing is applied twice."""

import asyncio
import signal
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.scenarios.stage import CONTOSO, Stage, buttons, words

pytestmark = pytest.mark.story


@pytest.mark.load
@pytest.mark.parametrize(
    "fault",
    [
        {"method": "GET", "match": f"partners/{CONTOSO}", "times": 50, "delay_seconds": 60},
        {"method": "POST", "match": "partners", "times": 1, "delay_seconds": 60},
        {"method": "POST", "match": "partners", "times": 1, "delay_seconds": 60, "after_commit": True},
        {"method": "POST", "match": "partners", "times": 1, "reset": True, "after_commit": True},
    ],
    ids=["before the read", "before the write arrives", "after the write, before its answer", "answer lost"],
)
@pytest.mark.threats("F2")
async def test_a_kill_around_the_write_leads_to_exactly_one_post(stage: Stage, fault: dict[str, object]) -> None:
    """`kill -9` between the last approval and the recorded outcome; then a restart on the same data."""
    ts = await stage.ask()
    for approver in ("approver1", "approver2"):
        await stage.press(approver, "approve", ts)
    await stage.do("faults", target="graph", **fault)
    await stage.do("click", user="approver3", action_id="approve", channel="partner-access", ts=ts)
    await stage.call("DELETE", "faults")
    await stage.kill_the_bot()

    async def is_active() -> bool:
        return "active (verified" in (await stage.card())["text"]

    await stage.until(is_active, "the approved settings")
    await stage.rest()
    assert [entry["method"] for entry in await stage.writes()] == ["POST"]
    assert "active (verified" in (await stage.card())["text"]
    assert await stage.partner() is not None


async def test_a_restart_of_everything_on_the_same_folder_continues_where_it_stopped(tmp_path: Path) -> None:
    """Workspace, tenant and the bot's records are all kept; the open card can still be decided."""
    first = Stage(data=tmp_path / "data", warm=True)
    await first.start()
    ts = await first.ask()
    await first.press("approver1", "approve", ts)
    await first.stop(signal.SIGKILL)
    second = Stage(data=tmp_path / "data", warm=True)
    await second.start()
    try:
        for approver in ("approver2", "approver3"):
            assert await second.press(approver, "approve", ts) == []
        assert [entry["method"] for entry in await second.writes()] == ["POST"]
        assert len(await second.messages()) == 1
    finally:
        assert await second.stop() == 0


async def test_an_unreachable_graph_makes_the_request_wait_and_say_so(stage: Stage) -> None:
    """At submission: stored, told, and continued when Graph answers again."""
    await stage.do("faults", target="graph", times=1000, status=503)
    answer = await stage.fill_in()
    assert answer["errors"] == {}

    async def is_said() -> bool:
        return any("waits" in m["text"] or "trying" in words(m) for m in await stage.direct("requester"))

    await stage.until(is_said, "the requester reads that it waits")
    assert await stage.messages() == []
    await stage.call("DELETE", "faults")
    await stage.later(120)
    assert buttons(await stage.card()) == ["approve", "reject"]


async def test_an_unreachable_graph_at_apply_keeps_the_approvals(stage: Stage) -> None:
    """After the last approval: the card says that it waits; nothing is asked again."""
    ts = await stage.ask()
    for approver in ("approver1", "approver2"):
        await stage.press(approver, "approve", ts)
    await stage.do("faults", target="graph", match="partners", times=1000, status=503)
    await stage.do("click", user="approver3", action_id="approve", channel="partner-access", ts=ts)
    await stage.until_card("keeps trying")
    await stage.call("DELETE", "faults")
    await stage.later(120)
    assert [entry["status"] for entry in await stage.writes()] == [201]
    assert "active (verified" in (await stage.card())["text"]


DAY = 86_400


async def ask_until_tomorrow(stage: Stage) -> str:
    """Ask for access that ends with the next day; returns the channel card's ts."""
    now = datetime.fromisoformat((await stage.see("clock"))["now"])
    view_id = (await stage.do("command", user="requester", text="/partner request"))["view_id"]
    await stage.do("click", user="requester", view_id=view_id, action_id="template", selected="guest-collaboration")
    await stage.rest()
    last_day = (now + timedelta(days=1)).date().isoformat()
    answer = await stage.fill_in(view_id=view_id, template="guest-collaboration", end_date=last_day)
    assert answer["errors"] == {}, answer
    await stage.rest()
    return str((await stage.card())["ts"])


async def test_an_outage_and_a_kill_until_after_the_last_day_write_nothing(stage: Stage) -> None:
    """Approved in time, then Graph is down, then the bot; when both are back, the chosen last day has passed."""
    ts = await ask_until_tomorrow(stage)
    await stage.do("faults", target="graph", match="partners", times=1000, status=503)
    await stage.do("click", user="approver1", action_id="approve", channel="partner-access", ts=ts)
    await stage.until_card("keeps trying")
    await stage.kill_the_bot()
    await stage.do("clock", advance_seconds=3 * DAY)
    await stage.call("DELETE", "faults")
    await stage.later(600)
    assert await stage.writes() == []
    assert await stage.partner() is None
    card = await stage.card()
    assert (buttons(card), "passed before it was applied" in words(card)) == ([], True)
    told = words((await stage.direct("requester"))[-1])
    assert "Nothing was written. Request it again with a later end." in told


async def test_a_kill_between_the_write_and_its_answer_is_read_back_after_the_last_day(stage: Stage) -> None:
    """What Graph took is not left alone: it is recorded past its end, and the sponsor is asked at once."""
    ts = await ask_until_tomorrow(stage)
    await stage.do(
        "faults", target="graph", method="POST", match="partners", times=1, delay_seconds=60, after_commit=True
    )
    await stage.do("click", user="approver1", action_id="approve", channel="partner-access", ts=ts)
    await stage.until(stage.writes, "the write")
    await stage.do("faults", target="graph", match="partners", times=1000, status=503)
    await stage.kill_the_bot()
    await stage.do("clock", advance_seconds=3 * DAY)
    await stage.call("DELETE", "faults")
    await stage.later(600)
    assert [entry["method"] for entry in await stage.writes()] == ["POST"]
    card = await stage.card()
    assert "active (verified" in card["text"]
    assert "passed before it was verified" in words(card)
    asked = [words(message) for message in await stage.direct("requester")]
    assert any("access period ended, not blocked yet" in text for text in asked), asked


@pytest.mark.threats("F4")
async def test_a_change_behind_the_bots_back_stops_the_write_and_asks_again(stage: Stage) -> None:
    """Drift between approval and apply is never overwritten."""
    ts = await stage.ask()
    for approver in ("approver1", "approver2"):
        await stage.press(approver, "approve", ts)
    trust = {"isMfaAccepted": True, "isCompliantDeviceAccepted": False, "isHybridAzureADJoinedDeviceAccepted": False}
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: {"inboundTrust": trust}}})
    await stage.press("approver3", "approve", ts)
    assert await stage.writes() == []
    card = await stage.card()
    assert "approve" in buttons(card)
    assert "changed" in await stage.read()
    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", ts) == []
    assert [entry["method"] for entry in await stage.writes()] == ["PATCH"]


@pytest.mark.threats("F8")
async def test_a_partner_that_somebody_else_creates_in_that_moment_is_not_overwritten(stage: Stage) -> None:
    """The POST meets 409, and the partner that is there has other content: nothing of it is written."""
    ts = await stage.ask()
    for approver in ("approver1", "approver2"):
        await stage.press(approver, "approve", ts)
    await stage.do("faults", target="graph", method="POST", match="partners", times=1, status=409, delay_seconds=6)
    clicked = asyncio.create_task(
        stage.do("click", user="approver3", action_id="approve", channel="partner-access", ts=ts)
    )

    async def is_sent() -> bool:
        return not (await stage.see("faults"))["faults"]

    await stage.until(is_sent, "the POST on its way")
    trust = {"isMfaAccepted": True, "isCompliantDeviceAccepted": True, "isHybridAzureADJoinedDeviceAccepted": False}
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: {"inboundTrust": trust}}})
    await clicked
    await stage.rest()
    assert [(one["method"], one["status"]) for one in await stage.writes()] == [("POST", 409)]
    partner = await stage.partner()
    assert partner is not None
    assert partner["inboundTrust"] == trust
    assert "active (verified" not in (await stage.card())["text"]


@pytest.mark.threats("F5")
@pytest.mark.parametrize("seconds", [0, 1, 30, 300])
async def test_a_new_partner_that_is_not_shown_yet_is_neither_written_twice_nor_called_failed(
    stage: Stage, seconds: int
) -> None:
    """Graph answers 404 for a while after it has accepted the write."""
    ts = await stage.ask()
    for approver in ("approver1", "approver2"):
        await stage.press(approver, "approve", ts)
    absent = {"error": {"code": "Request_ResourceNotFound", "message": "It does not exist."}}
    if seconds:
        old = {"target": "graph", "method": "GET", "match": f"partners/{CONTOSO}", "times": 10_000, "status": 404}
        await stage.do("faults", **old, body=absent)
    await stage.press("approver3", "approve", ts)
    if seconds:
        assert "active (verified" not in (await stage.card())["text"]
        await stage.later(seconds)
        assert "failed" not in (await stage.card())["text"]
        await stage.call("DELETE", "faults")
        await stage.later(120)
    first, *again = [(entry["method"], entry["status"]) for entry in await stage.writes()]
    assert first == ("POST", 201)
    assert set(again) <= {("POST", 409)}, "sent again at most once after minutes, when Graph itself refuses it"
    assert len(again) <= 1
    assert "active (verified" in (await stage.card())["text"]


async def test_slack_refusing_for_a_while_loses_no_card(stage: Stage) -> None:
    """429 with Retry-After: posted when Slack takes messages again."""
    await stage.do(
        "faults", target="slack", method="chat.postMessage", times=3, status=429, headers={"Retry-After": "1"}
    )
    answer = await stage.fill_in()
    assert answer["errors"] == {}

    async def is_posted() -> bool:
        await stage.later(5)
        return bool(await stage.messages())

    await stage.until(is_posted, "the card")
    await stage.later(5)
    assert len(await stage.messages()) == 1


async def test_socket_mode_plays_the_same_story(tmp_path: Path) -> None:
    """From request to revocation without a single HTTP request to the bot."""
    stage = Stage(data=tmp_path / "data", arguments=("--socket-mode",))
    await stage.start()
    try:
        await stage.open_access()
        assert (await stage.revoke())["errors"] == {}
        assert [entry["method"] for entry in await stage.writes()] == ["POST", "PATCH"]
    finally:
        assert await stage.stop() == 0
    assert stage.database.was_closed(), "it was not killed"
