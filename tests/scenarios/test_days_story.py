"""A day's story is exported and verified; one changed byte of the database file or of the exported file is found.

And what somebody with the file tries beside the running bot.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.stage import CHANNEL, Stage, running_stage, words
from tests.scenarios.test_posture import gatehouse

pytestmark = [pytest.mark.story, pytest.mark.threats("G7")]


async def a_day(stage: Stage) -> None:
    """Contoso is opened and revoked, Fabrikam is rejected, and one request still waits."""
    await stage.open_access(target="contoso.com")
    ts = await stage.ask(target="fabrikam.com")
    await stage.press("approver1", "reject", ts)
    (asked,) = (await stage.see("views", user="approver1"))["views"]
    await stage.do("submit", user="approver1", view_id=asked["id"], values={"reason": {"reason": "No contract"}})
    await stage.rest()
    assert (await stage.revoke())["errors"] == {}
    await stage.ask(target="northwind.com")


def on_file(stage: Stage, sql: str, *values: object) -> list[Any]:
    """Run a statement on the bot's records, as another program would."""
    if not sql.startswith("select"):
        stage.database.change(sql, *values)
        return []
    [rows] = stage.database.rows(sql, values=values)
    return [tuple(row.values()) for row in rows]


async def verified(stage: Stage, *options: str) -> tuple[int | None, dict[str, Any]]:
    """What `gatehouse audit verify --json` says."""
    status, out, err = await gatehouse(stage, "audit", "verify", "--json", *options, columns=400)
    assert err == ""
    return status, json.loads(out)


async def test_one_changed_byte_of_a_days_story_is_found(tmp_path: Path) -> None:
    exported = tmp_path / "day.jsonl"
    async with running_stage(Stage(data=tmp_path / "data", warm=True)) as stage:
        await a_day(stage)
        status, _, err = await gatehouse(stage, "audit", "export", "--output", str(exported))
        assert status == 0, err
        rows = [json.loads(line) for line in exported.read_text().splitlines()]
        assert {"submit", "approve", "reject", "record_applied"} <= {one["activity_name"] for one in rows}
        assert [one["metadata"]["sequence"] for one in rows] == list(range(1, len(rows) + 1))
        status, whole = await verified(stage)
        assert (status, whole["is_whole"], whole["problems"]) == (0, True, [])

        lines = exported.read_bytes()
        assert (await verified(stage, "--file", str(exported)))[1]["entries"] == len(rows)
        for place in (lines.index(b"Amara") if b"Amara" in lines else len(lines) // 2, len(lines) // 3):
            changed_byte = bytes([lines[place] ^ 1])
            exported.write_bytes(lines[:place] + changed_byte + lines[place + 1 :])
            status, changed = await verified(stage, "--file", str(exported))
            assert (status, changed["first_bad_seq"]) == (1, lines[:place].count(b"\n") + 1)

        decided = next(one["metadata"]["sequence"] for one in rows if one["activity_name"] == "approve")
        [(before,)] = on_file(stage, "select details from audit where seq = ?", decided)
        on_file(stage, "update audit set details = replace(details, substr(details, 3, 1), 'X') where seq = ?", decided)
        status, changed = await verified(stage)
        assert (status, changed["first_bad_seq"], changed["problems"][0]["code"]) == (1, decided, "edited")
        about = {one["record"] for one in changed["problems"][1:]}
        assert about == {f"requests {rows[decided - 1]['metadata']['correlation_uid']}"}, "what it said of the request"
        on_file(stage, "update audit set details = ? where seq = ?", before, decided)
        assert (await verified(stage))[0] == 0

        [(request, doc)] = on_file(stage, "select id, doc from requests where state = 'awaiting_approval'")
        on_file(stage, "update requests set doc = replace(doc, 'bridge', 'brydge') where id = ?", request)
        status, changed = await verified(stage)
        assert (status, [one["record"] for one in changed["problems"]]) == (1, [f"requests {request}"])
        on_file(stage, "update requests set doc = ? where id = ?", doc, request)
        assert (await verified(stage))[0] == 0


async def test_a_click_and_an_approval_forged_beside_the_running_bot_open_nothing(tmp_path: Path) -> None:
    async with running_stage(Stage(data=tmp_path / "data", warm=True)) as stage:
        await stage.open_access(target="contoso.com")
        written = len(await stage.writes())
        await stage.ask(target="fabrikam.com")
        [(request,)] = on_file(stage, "select id from requests where state = 'awaiting_approval'")
        plan = (await stage.card())["blocks"]
        value = next(
            one["value"]
            for block in plan
            if block["type"] == "actions"
            for one in block["elements"]
            if one.get("action_id") == "approve"
        )
        command = {"name": "approve", "actor": "U0APPROVER1", "request_id": request}
        forged: dict[str, Any] = {"kind": "judge", "command": command}
        forged["command"] |= {"digest": value.rpartition(":")[2], "reason": "", "channel": CHANNEL}
        forged |= {"key": "forged", "received_at": None}
        stage.database.put_effect("judge:forged", json.dumps(forged))
        await stage.tick()
        await stage.rest()
        outcomes = on_file(stage, "select outcome from audit where key = 'verdict:forged'")
        assert outcomes == [("records_changed",)]
        assert json.loads(on_file(stage, "select doc from requests where id = ?", request)[0][0])["decisions"] == []
        assert len(await stage.writes()) == written
        await stage.tick()
        await stage.rest()
        said = " ".join(words(one) for one in await stage.direct("admin"))
        assert "A click (forged) was added by something other than Gatehouse" in said
