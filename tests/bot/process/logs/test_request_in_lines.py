"""From the click to the request to Graph, each log line names the request that it is about."""

import json

import pytest
import structlog

from bot.process.logs.logs import configure_logs
from bot.process.logs.redactor import redactor_of
from tests.bot.bot_under_test import BotUnderTest, click


async def test_from_the_click_to_graph_the_lines_name_the_request(
    gatehouse: BotUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    request = await gatehouse.file_request()
    configure_logs(redactor_of(gatehouse.settings))
    structlog.configure(cache_logger_on_first_use=False)
    capsys.readouterr()
    for approver in ("approver1", "approver2", "approver3"):
        await gatehouse.interact(click(approver, "approve", f"{request.id}:{request.plan.digest}"))
        await gatehouse.idle()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    stored = [line for line in lines if line["event"] == "click_stored"]
    assert [(line["command"], line["request"]) for line in stored] == [("want_approve", request.id)] * 3
    calls = [line for line in lines if line["event"] == "graph call"]
    writes = [line for line in calls if line["method"] in ("PATCH", "PUT") or line["path"].endswith("/partners")]
    assert writes
    assert {line.get("request") for line in writes} == {request.id}
    checked = {line["click"] for line in calls if "click" in line}
    assert checked <= {line["click"] for line in stored}
    assert checked, "what the permission check of a click reads names the click, too"
    assert all(line.get("request") == request.id for line in calls if "click" in line)


async def test_a_repeated_click_is_named_as_such(gatehouse: BotUnderTest, capsys: pytest.CaptureFixture[str]) -> None:
    request = await gatehouse.file_request()
    configure_logs(redactor_of(gatehouse.settings))
    structlog.configure(cache_logger_on_first_use=False)
    capsys.readouterr()
    pressed = click("approver1", "approve", f"{request.id}:{request.plan.digest}")
    for _ in range(2):
        await gatehouse.interact(pressed)
        await gatehouse.idle()
    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [event for event in events if event.startswith("click_")] == ["click_stored", "click_repeated"]


async def test_from_a_sent_form_and_a_click_on_revoke_the_lines_lead_to_the_request(
    gatehouse: BotUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(redactor_of(gatehouse.settings))
    structlog.configure(cache_logger_on_first_use=False)
    request = await gatehouse.file_request()
    for approver in ("approver1", "approver2", "approver3"):
        await gatehouse.interact(click(approver, "approve", f"{request.id}:{request.plan.digest}"))
        await gatehouse.idle()
    opened = await gatehouse.control.post("command", user="admin", text="revoke contoso.com")
    await gatehouse.idle()
    values = {"confirm": {"confirm": "contoso.com"}, "reason": {"reason": "Project ended"}}
    await gatehouse.control.post("submit", user="admin", view_id=opened["view_id"], values=values)
    await gatehouse.idle()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    asked, revoked = (line for line in lines if line["event"] == "request_stored")
    assert asked["request"] == request.id
    filed = [entry for entry in await gatehouse.history() if entry.command == "submit"]
    assert {entry.key: entry.request_id for entry in filed} == {
        one["entry"]: one["request"] for one in (asked, revoked)
    }
    [clicked] = [line for line in lines if line.get("command") == "want_revoke"]
    assert revoked["click"] == clicked["click"]
    closing = [line for line in lines if line["event"] == "graph call" and line["method"] == "PATCH"]
    assert closing
    assert {line.get("request") for line in closing} == {revoked["request"]}
