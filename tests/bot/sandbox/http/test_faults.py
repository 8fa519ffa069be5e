"""Faults happen to the next matching calls, before or after the work; the log tells what was answered."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession

from bot.sandbox.http import faults
from bot.sandbox.server import Sandbox
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import FakeBot

CHANNEL = "C0PARTNERAC"


async def post(bot: FakeBot, session: ClientSession, text: str = "x") -> tuple[int, dict[str, Any], dict[str, str]]:
    """Post a message and see everything of the answer."""
    headers = {"Authorization": f"Bearer {bot.token}"}
    body = {"channel": CHANNEL, "text": text}
    async with session.post(bot.api_url + "chat.postMessage", json=body, headers=headers) as response:
        return response.status, await response.json(), dict(response.headers)


async def texts(control: Control) -> list[str]:
    messages = (await control.get("messages", channel=CHANNEL, user="admin"))["messages"]
    return [message["text"] for message in messages]


async def log(control: Control) -> list[tuple[str, int | None]]:
    entries = (await control.get("slack/log"))["log"]
    return [(entry["path"].rpartition("/")[2], entry["status"]) for entry in entries]


async def test_status_headers_and_times(bot: FakeBot, control: Control, session: ClientSession) -> None:
    await control.post("faults", target="slack", status=429, headers={"Retry-After": "7"}, times=2)
    for _ in range(2):
        status, body, headers = await post(bot, session)
        assert (status, body, headers["Retry-After"]) == (429, {"ok": False, "error": "ratelimited"}, "7")
    assert (await post(bot, session))[0] == 200
    assert await texts(control) == ["x"]
    assert await log(control) == [("chat.postMessage", 429), ("chat.postMessage", 429), ("chat.postMessage", 200)]


async def test_body_alone_keeps_slacks_status(bot: FakeBot, control: Control, session: ClientSession) -> None:
    await control.post("faults", target="slack", body={"ok": False, "error": "channel_not_found"})
    status, body, _ = await post(bot, session)
    assert (status, body["error"]) == (200, "channel_not_found")


@pytest.mark.parametrize(
    ("wanted", "hits"),
    [
        ({"method": "chat.postMessage"}, True),
        ({"method": "POST"}, True),
        ({"method": "GET"}, False),
        ({"match": "chat."}, True),
        ({"match": "contoso"}, True),
        ({"match": "fabrikam"}, False),
        ({"method": "POST", "match": "views."}, False),
    ],
)
async def test_matching(
    bot: FakeBot, control: Control, session: ClientSession, wanted: dict[str, str], hits: bool
) -> None:
    await control.post("faults", target="slack", **wanted)
    await control.post("faults", target="graph")
    assert (await post(bot, session, "about contoso"))[0] == (503 if hits else 200)


async def test_after_commit_does_the_work(bot: FakeBot, control: Control, session: ClientSession) -> None:
    await control.post("faults", target="slack", status=500, after_commit=True)
    assert (await post(bot, session))[0] == 500
    assert await texts(control) == ["x"]


async def test_delay_is_only_slow(bot: FakeBot, control: Control, session: ClientSession) -> None:
    await control.post("faults", target="slack", delay_seconds=0.2)
    began = time.perf_counter()
    assert (await post(bot, session))[0] == 200
    assert time.perf_counter() - began >= 0.2


async def test_a_caller_who_is_gone_before_a_delayed_request_arrives_has_sent_nothing(
    bot: FakeBot, control: Control, session: ClientSession
) -> None:
    await control.post("faults", target="slack", delay_seconds=1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await post(bot, session)
    await asyncio.sleep(1.3)
    assert await texts(control) == []
    assert await log(control) == []


@pytest.mark.parametrize("after_commit", [False, True])
async def test_reset_drops_the_connection(
    bot: FakeBot, control: Control, session: ClientSession, after_commit: bool
) -> None:
    await control.post("faults", target="slack", reset=True, after_commit=after_commit)
    with pytest.raises(ClientConnectionError):
        await post(bot, session)
    assert await texts(control) == (["x"] if after_commit else [])
    assert await log(control) == [("chat.postMessage", None)]


async def test_faults_can_be_listed_and_taken_away(bot: FakeBot, control: Control, session: ClientSession) -> None:
    told = await control.post("faults", target="slack", times=3)
    assert [(fault["target"], fault["times"]) for fault in told["faults"]] == [("slack", 3)]
    await post(bot, session)
    assert [fault["times"] for fault in (await control.get("faults"))["faults"]] == [2]
    status, told = await control.call("DELETE", "faults")
    assert (status, told["cleared"]) == (200, 1)
    assert (await post(bot, session))[0] == 200


async def test_a_fault_of_graph_has_the_form_of_graph(
    sandbox: Sandbox, control: Control, session: ClientSession
) -> None:
    await control.post("faults", target="graph", method="GET", match="/organization", status=429)
    async with session.get(f"{sandbox.url}graph/v1.0/organization") as response:
        assert response.status == 429
        assert (await response.json())["error"]["code"] == "TooManyRequests"
        assert "Retry-After" not in response.headers
    async with session.get(f"{sandbox.url}graph/v1.0/organization?$top=1") as response:
        assert response.status == 401
    entries = (await control.get("graph/log"))["log"]
    assert [(entry["method"], entry["path"], entry["query"], entry["status"]) for entry in entries] == [
        ("GET", "/graph/v1.0/organization", {}, 429),
        ("GET", "/graph/v1.0/organization", {"$top": "1"}, 401),
    ]


async def test_log_reads_bodies_and_keeps_no_secrets(bot: FakeBot, control: Control, session: ClientSession) -> None:
    form = {"token": bot.token, "channel": CHANNEL, "text": "x", "blocks": '[{"type": "divider"}]'}
    async with session.post(bot.api_url + "chat.postMessage", data=form) as response:
        assert (await response.json())["ok"]
    async with session.get(bot.api_url + "auth.test", params={"token": bot.token}) as response:
        assert (await response.json())["ok"]
    first, second = (await control.get("slack/log"))["log"]
    assert first["body"] == {"channel": CHANNEL, "text": "x", "blocks": [{"type": "divider"}]}
    assert second["query"] == {}
    assert second["body"] is None
    assert first["at"].endswith("+00:00")


async def test_a_limit_refuses_only_what_comes_too_soon(
    sandbox: Sandbox, control: Control, session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(faults, "time", SimpleNamespace(monotonic=lambda: now))
    limit = {"target": "graph", "match": "/organization", "status": 429, "times": 5, "within_seconds": 0.4}
    await control.post("faults", **limit)

    async def status() -> int:
        async with session.get(f"{sandbox.url}graph/v1.0/organization") as response:
            return response.status

    assert [await status(), await status()] == [401, 429]
    now = 0.5
    assert await status() == 401


async def test_a_fault_meets_one_request_in_a_batch(
    sandbox: Sandbox, control: Control, session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox.entra, "_accepts_token", lambda _: True)
    default = "/policies/crossTenantAccessPolicy/default"
    rows = [{"id": name, "method": "GET", "url": url} for name, url in (("1", "/organization?$top=1"), ("2", default))]
    await control.post(
        "faults", target="graph", method="GET", match="/organization", status=429, headers={"Retry-After": "7"}
    )

    async def ask() -> dict[str, Any]:
        headers = {"Authorization": "Bearer x"}
        async with session.post(
            f"{sandbox.url}graph/v1.0/$batch", json={"requests": rows}, headers=headers
        ) as response:
            assert response.status == 200
            return {row["id"]: row for row in (await response.json())["responses"]}

    answers = await ask()
    assert {name: row["status"] for name, row in answers.items()} == {"1": 429, "2": 200}
    assert answers["1"]["headers"]["Retry-After"] == "7"
    assert answers["1"]["body"]["error"]["code"] == "TooManyRequests"
    assert {name: row["status"] for name, row in (await ask()).items()} == {"1": 200, "2": 200}
    entry = (await control.get("graph/log"))["log"][0]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/graph/v1.0/$batch", 200)
    assert entry["inner"] == [
        {"method": "GET", "path": "/graph/v1.0/organization", "query": {"$top": "1"}, "status": 429},
        {"method": "GET", "path": f"/graph/v1.0{default}", "query": {}, "status": 200},
    ]


@pytest.mark.parametrize("fault", [{"reset": True}, {"delay_seconds": 0.3}])
async def test_a_delay_or_a_lost_connection_is_that_of_the_whole_batch(
    sandbox: Sandbox,
    control: Control,
    session: ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
) -> None:
    monkeypatch.setattr(sandbox.entra, "_accepts_token", lambda _: True)
    await control.post("faults", target="graph", match="/organization", **fault)
    rows = [{"id": "1", "method": "GET", "url": "/organization"}, {"id": "2", "method": "GET", "url": "/users"}]
    began = asyncio.get_running_loop().time()
    try:
        async with session.post(
            f"{sandbox.url}graph/v1.0/$batch", json={"requests": rows}, headers={"Authorization": "Bearer x"}
        ) as response:
            assert [row["status"] for row in (await response.json())["responses"]] == [200, 200]
    except ClientConnectionError:
        assert "reset" in fault
    else:
        assert asyncio.get_running_loop().time() - began >= 0.3
