"""`/partner audit` and the commands that take evidence out: private, recorded, safe to open, and nothing claimed."""

import csv
import hashlib
import io
import json
from typing import Any

import aiohttp
import pytest

from bot.process.opening.readers import SystemClock
from tests.scenarios.stage import CHANNEL, Stage, words
from tests.scenarios.test_posture import gatehouse

pytestmark = pytest.mark.story
HOSTILE = "=HYPERLINK(\"https://evil.example\") <script>alert('x')</script> <!channel> {{ 7*7 }}"


async def command(stage: Stage, user: str, text: str) -> str:
    """Type a command; give what that person is answered."""
    await stage.do("command", user=user, text=text)
    await stage.rest()
    seen = (await stage.see("messages", channel=CHANNEL, user=user))["messages"]
    return words([one for one in seen if one.get("is_ephemeral")][-1])


async def files_of(stage: Stage, user: str) -> list[dict[str, Any]]:
    """The files in somebody's direct messages."""
    return [file for one in await stage.direct(user) for file in one.get("files", ())]


async def history(stage: Stage) -> None:
    """Contoso is opened, kept to be read later, and revoked; Fabrikam is rejected."""
    ts = await stage.ask(target="fabrikam.com", justification=HOSTILE)
    await stage.press("approver1", "reject", ts)
    (asked,) = (await stage.see("views", user="approver1"))["views"]
    await stage.do("submit", user="approver1", view_id=asked["id"], values={"reason": {"reason": "@SUM(1+1)"}})
    await stage.rest()
    await stage.open_access(target="contoso.com", justification=HOSTILE)


async def test_an_admin_gets_the_report_privately_and_it_is_recorded(stage: Stage) -> None:
    await history(stage)
    said = await command(stage, "admin", "audit contoso.com")
    assert "The report is in your direct messages with me" in said
    assert "Requested by Riley Park" in said
    assert "approved by Amara Okafor" in said
    assert "Active, as approved. As of the read-back on" in said
    (file,) = await files_of(stage, "admin")
    assert file["name"].startswith("gatehouse-audit-contoso.com-")
    async with aiohttp.ClientSession() as session, session.get(file["url_private"]) as answer:
        content = await answer.read()
        assert answer.headers["Content-Disposition"].startswith("attachment")
    page = content.decode()
    assert "fabrikam" not in page, "it is about one partner"
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page
    for user in ("requester", "approver1"):
        assert await files_of(stage, user) == []

    async def entries() -> list[dict[str, Any]]:
        return [one for one in await audit_rows(stage) if one["command"] == "audit_report"]

    (entry,) = await entries()
    assert entry["actor"] == "U0ADMIN0001"
    assert entry["details"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert entry["key"] in page
    for user in ("requester", "approver1"):
        refused = await command(stage, user, "audit contoso.com")
        assert "Only admins and auditors can get an audit report." in refused
        assert await files_of(stage, user) == []
    assert len(await entries()) == 1


async def audit_rows(stage: Stage) -> list[dict[str, Any]]:
    """The whole audit log, read beside the bot."""
    store = await stage.database.location.open_shared(SystemClock())
    try:
        rows = await store.history(limit=10_000)
        return [{"key": one.key, "actor": one.actor, "command": one.command, "details": one.details} for one in rows]
    finally:
        await store.close()


async def test_the_command_line_takes_the_same_beside_the_bot_and_each_is_recorded(stage: Stage) -> None:
    await history(stage)
    status, out, err = await gatehouse(stage, "audit", "report", "--format", "json")
    assert status == 0, err
    document = json.loads(out)
    assert document["format"] == "gatehouse/audit-report/1"
    assert list(document) == sorted(document)
    assert document["states"] == {"applied": 1, "rejected": 1}
    contoso, fabrikam = document["requests"]
    assert contoso["partner"]["default_domain"] == "contoso.com"
    assert [one["person"]["name"] for one in contoso["decisions"]] == ["Amara Okafor", "Bruno Keller", "Chie Tanaka"]
    assert all(one["is_counted"] and one["change_id"] == contoso["change_id"] for one in contoso["decisions"])
    assert contoso["read_back"]["is_complete"]
    assert contoso["read_back"]["configuration"]["tenantId"] == contoso["partner"]["tenant_id"]
    (call,) = [one for one in await stage.writes() if one["method"] == "POST"]
    assert contoso["graph_calls"][0]["method"] == call["method"]
    assert contoso["graph_calls"][0]["client_request_id"]
    assert contoso["result"]["code"] == "in_force"
    assert fabrikam["result"]["code"] == "nothing_sent"
    assert fabrikam["decisions"][0]["reason"] == "@SUM(1+1)"
    assert fabrikam["graph_calls"] == []
    recorded = [one for one in await audit_rows(stage) if one["command"] == "audit_report"]
    assert recorded[0]["actor"].startswith("os:")
    assert recorded[0]["details"]["sha256"] == hashlib.sha256(out.encode()).hexdigest()
    assert recorded[0]["key"] == document["audit_entry"]
    assert recorded[0]["key"] in err


async def test_csv_table_and_catalogue_are_safe_and_a_wrong_field_is_named(stage: Stage) -> None:
    await history(stage)
    status, out, err = await gatehouse(stage, "audit", "report", "--format", "csv")
    assert status == 0, err
    rows = list(csv.DictReader(io.StringIO(out.removeprefix("\ufeff"))))
    assert [one["partner_domain"] for one in rows] == ["contoso.com", "fabrikam.com"]
    assert rows[0]["justification"].startswith("'=HYPERLINK(")
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    status, out, _ = await gatehouse(stage, "audit", "report", "--partner", "https://contoso.com/about")
    assert status == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "approved:" in out
    assert "Okafor" in out
    assert "fabrikam" not in out
    status, out, err = await gatehouse(stage, "export", "--format", "csv")
    (partner,) = csv.DictReader(io.StringIO(out.removeprefix("\ufeff")))
    assert (partner["partner_domain"], partner["state"], partner["sponsor_name"]) == (
        "contoso.com",
        "active",
        "Riley Park",
    )
    status, out, err = await gatehouse(stage, "export", "--format", "json")
    assert [one["default_domain"] for one in json.loads(out)["partners"]] == ["contoso.com"]
    for arguments, field in (
        (("--from", "27.11.2026"), "--from"),
        (("--from", "2026-12-02", "--to", "2026-12-01"), "--to"),
        (("--to", "9999-12-31"), "--to"),
        (("--partner", "nobody.example.com"), "--partner"),
        (("--partner", "no name"), "--partner"),
    ):
        status, out, err = await gatehouse(stage, "audit", "report", *arguments)
        assert (status, out) == (2, ""), arguments
        assert f"Invalid value for {field}" in err


async def test_without_the_scope_the_story_is_shown_and_what_cannot_be_recorded_is_not_sent(stage: Stage) -> None:
    await stage.open_access(target="contoso.com")
    body = {"ok": False, "error": "missing_scope"}
    fault = {"target": "slack", "method": "files.getUploadURLExternal", "status": 200, "body": body}
    await stage.do("faults", times=1, **fault)
    said = await command(stage, "admin", "audit contoso.com")
    assert "with the scope files:write" in said
    assert "Requested by Riley Park" in said
    assert "gatehouse audit report --partner contoso.com" in said
    assert await files_of(stage, "admin") == []
    await stage.do("faults", target="slack", method="files.completeUploadExternal", times=1, reset=True)
    assert "the file may be missing" in await command(stage, "admin", "audit contoso.com")
    assert "no request and no record for “northwind.com”" in await command(stage, "admin", "audit northwind.com")
