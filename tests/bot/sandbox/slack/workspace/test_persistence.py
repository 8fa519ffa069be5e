"""What was acknowledged is there after a restart, and after a kill in the middle of a line."""

import asyncio
import sys
from pathlib import Path

from aiohttp import ClientSession

from bot.sandbox.server import Sandbox
from bot.sandbox.storage.tables import AppendOnlyTables
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.slack.samples import CHANNEL, modal
from tests.waiting import LONGEST_WAIT


async def test_everything_is_there_after_a_restart(tmp_path: Path, session: ClientSession) -> None:
    first = Sandbox(tmp_path)
    await first.start(0)
    before = first.bot_settings(1)
    control = Control(session=session, url=first.url)
    headers = {"Authorization": f"Bearer {before['SLACK_BOT_TOKEN']}"}
    message = {"channel": CHANNEL, "text": "kept"}
    async with session.post(before["SLACK_API_URL"] + "chat.postMessage", json=message, headers=headers) as response:
        ts = (await response.json())["ts"]
    assert first.slack is not None
    view = first.slack.views.open("U0REQUESTER", modal())
    first.slack.views.fill(view, {"domain": {"value": {"type": "plain_text_input", "value": "x"}}})
    first.slack.views.publish("U0ADMIN0001", {"type": "home", "blocks": []})
    await control.post("clock", advance_seconds=1000)
    await control.call("PATCH", "graph/state", {"partners": {}})
    state = (await control.get("graph/state"))["state"]
    await first.stop()

    second = Sandbox(tmp_path)
    await second.start(0)
    control = Control(session=session, url=second.url)
    after = second.bot_settings(1)
    moved = {"SLACK_API_URL", "GRAPH_URL", "AZURE_AUTHORITY_HOST"}
    assert {name for name in before if before[name] != after[name]} == moved
    [kept] = (await control.get("messages", channel=CHANNEL, user="admin"))["messages"]
    assert (kept["ts"], kept["text"]) == (ts, "kept")
    [modal_kept] = (await control.get("views", user="requester"))["views"]
    assert modal_kept["state"]["values"]["domain"]["value"]["value"] == "x"
    assert second.slack is not None
    assert second.slack.views.home("U0ADMIN0001") is not None
    assert (await control.get("clock"))["offset_seconds"] == 1000
    assert (await control.get("slack/log"))["log"][0]["body"] == message
    assert (await control.get("graph/state"))["state"] == state
    assert second.slack.next_ts() > ts
    await second.stop()


def test_journal_forgets_an_incomplete_line_and_old_values(tmp_path: Path) -> None:
    path = tmp_path / "tables.jsonl"
    changes: list[int] = []
    tables = AppendOnlyTables(path, on_change=lambda: changes.append(1))
    tables.put("t", "a", {"n": 1})
    tables.put("t", "b", {"n": 1})
    tables.put("t", "a", {"n": 2})
    tables.drop("t", "b")
    tables.drop("t", "never there")
    assert len(changes) == 4
    # NB. not closed: a kill does not close either
    with path.open("a", encoding="utf-8") as file:
        file.write('["t","c",{"n"')
    again = AppendOnlyTables(path, on_change=lambda: None)
    assert again.rows("t") == {"a": {"n": 2}}
    assert path.read_text(encoding="utf-8") == '["t","a",{"n":2}]\n'
    again.close()
    tables.close()


def test_text_with_line_separators_survives(tmp_path: Path) -> None:
    """U+2028 is no line end here, though `str.splitlines` takes it for one."""
    path = tmp_path / "tables.jsonl"
    tables = AppendOnlyTables(path, on_change=lambda: None)
    tables.put("t", "a", {"text": "one\u2028two\x85three"})
    tables.close()
    again = AppendOnlyTables(path, on_change=lambda: None)
    assert again.get("t", "a") == {"text": "one\u2028two\x85three"}
    again.close()


SERVE = """
import asyncio, sys
import asyncio
import sys
from pathlib import Path
from bot.sandbox.server import Sandbox

async def main():
    sandbox = Sandbox(Path(sys.argv[1]), only="slack")
    await sandbox.start(0)
    print(sandbox.url, sandbox.bot_settings(1)["SLACK_BOT_TOKEN"], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_acknowledged_messages_outlive_a_kill(tmp_path: Path, session: ClientSession) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVE, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url, token = (await asyncio.wait_for(process.stdout.readline(), LONGEST_WAIT)).decode().split()
    headers = {"Authorization": f"Bearer {token}"}
    acknowledged = []
    for number in range(30):
        message = {"channel": CHANNEL, "text": f"{number}"}
        async with session.post(f"{url}slack/api/chat.postMessage", json=message, headers=headers) as response:
            acknowledged.append((await response.json())["ts"])
    process.kill()
    await process.wait()
    sandbox = Sandbox(tmp_path, only="slack")
    assert sandbox.slack is not None
    assert [message["ts"] for message in sandbox.slack.messages(CHANNEL)] == acknowledged
    assert [entry["status"] for entry in sandbox.slack_log.entries] == [200] * 30
    await sandbox.stop()
