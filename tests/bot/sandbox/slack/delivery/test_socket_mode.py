"""Over Socket Mode the same payloads come in envelopes, each to one of the open connections."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from bot.sandbox.server import Sandbox
from bot.sandbox.slack.delivery import socket_mode
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.slack.samples import modal
from tests.waiting import LONGEST_WAIT


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    started = Sandbox(tmp_path / "data", only="slack", socket_mode=True)
    await started.start(0)
    yield started
    await started.stop()


async def connect(sandbox: Sandbox, session: ClientSession) -> ClientWebSocketResponse:
    """Connect as an app does: request an address, open it, wait for hello."""
    settings = sandbox.bot_settings(3000)
    headers = {"Authorization": f"Bearer {settings['SLACK_APP_TOKEN']}"}
    async with session.post(settings["SLACK_API_URL"] + "apps.connections.open", headers=headers) as response:
        url = (await response.json())["url"]
    socket = await session.ws_connect(url)
    hello = await socket.receive_json(timeout=LONGEST_WAIT)
    assert hello["type"] == "hello"
    return socket


async def test_command_and_submission_go_round(sandbox: Sandbox, session: ClientSession, control: Control) -> None:
    socket = await connect(sandbox, session)
    call = asyncio.create_task(control.post("command", user="requester", text="request"))
    envelope = await socket.receive_json(timeout=LONGEST_WAIT)
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    headers = {"Authorization": f"Bearer {sandbox.bot_settings(1)['SLACK_BOT_TOKEN']}"}
    arguments = {"trigger_id": envelope["payload"]["trigger_id"], "view": modal()}
    async with session.post(f"{sandbox.url}slack/api/views.open", json=arguments, headers=headers) as response:
        assert (await response.json())["ok"]
    await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "Opening"}})
    told = await call
    assert told["text"] == "Opening"
    body = {"user": "requester", "view_id": told["view_id"], "values": {"domain": "x"}}
    submitting = asyncio.create_task(control.post("submit", **body))
    envelope = await socket.receive_json(timeout=LONGEST_WAIT)
    assert (envelope["type"], envelope["payload"]["type"]) == ("interactive", "view_submission")
    answer = {"response_action": "errors", "errors": {"domain": "Unknown."}}
    await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": answer})
    assert (await submitting)["errors"] == {"domain": "Unknown."}
    await socket.close()


async def test_event_comes_in_an_envelope_of_its_own(
    sandbox: Sandbox, session: ClientSession, control: Control
) -> None:
    socket = await connect(sandbox, session)
    opening = asyncio.create_task(control.get("home", user="admin"))
    envelope = await socket.receive_json(timeout=LONGEST_WAIT)
    assert (envelope["type"], envelope["retry_attempt"]) == ("events_api", 0)
    assert envelope["payload"]["event"]["type"] == "app_home_opened"
    await socket.send_json({"envelope_id": envelope["envelope_id"]})
    assert (await opening)["home"] is None
    await socket.close()


async def test_connections_take_turns(sandbox: Sandbox, session: ClientSession, control: Control) -> None:
    sockets = [await connect(sandbox, session) for _ in range(2)]
    got = [0, 0]

    async def serve(number: int) -> None:
        async for message in sockets[number]:
            if message.type is not WSMsgType.TEXT:
                break
            got[number] += 1
            await sockets[number].send_json({"envelope_id": message.json()["envelope_id"]})

    serving = [asyncio.create_task(serve(number)) for number in range(2)]
    for _ in range(4):
        await control.post("command", user="requester", text="list")
    assert got == [2, 2]
    for socket in sockets:
        await socket.close()
    await asyncio.gather(*serving)


async def test_refresh_tells_the_app_to_come_again(sandbox: Sandbox, session: ClientSession, control: Control) -> None:
    socket = await connect(sandbox, session)
    refreshing = asyncio.create_task(control.post("slack/refresh"))
    farewell = await socket.receive_json(timeout=LONGEST_WAIT)
    assert (farewell["type"], farewell["reason"]) == ("disconnect", "refresh_requested")
    await socket.receive(timeout=LONGEST_WAIT)
    assert (await refreshing)["disconnected"] == 1
    again = await connect(sandbox, session)
    await again.close()


async def test_connection_that_breaks_is_told(sandbox: Sandbox, session: ClientSession, control: Control) -> None:
    socket = await connect(sandbox, session)
    call = asyncio.create_task(control.call("POST", "command", {"user": "requester", "text": ""}))
    await socket.receive_json(timeout=LONGEST_WAIT)
    await socket.close()
    status, told = await call
    assert (status, told["error"]) == (502, "dispatch_failed")
    status, told = await control.call("POST", "command", {"user": "requester", "text": ""})
    assert "no open Socket Mode connection" in told["message"]


async def test_ack_that_does_not_come(
    sandbox: Sandbox, session: ClientSession, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_mode, "ACKNOWLEDGE_SECONDS", 0.05)
    socket = await connect(sandbox, session)
    await socket.send_str("no json")
    await socket.send_json({"envelope_id": "invented"})
    status, told = await control.call("POST", "command", {"user": "requester", "text": ""})
    assert (status, told["error"]) == (504, "operation_timeout")
    await socket.close()


async def test_ticket_is_good_once_and_ten_connections_are_enough(sandbox: Sandbox, session: ClientSession) -> None:
    assert sandbox.slack_simulator is not None
    url = sandbox.slack_simulator.sockets.new_url()
    first = await session.ws_connect(url)
    async with session.get(url.replace("ws:", "http:", 1)) as response:
        assert response.status == 401
    sockets = [first, *[await connect(sandbox, session) for _ in range(9)]]
    eleventh = await session.ws_connect(sandbox.slack_simulator.sockets.new_url())
    refusal: dict[str, Any] = await eleventh.receive_json(timeout=LONGEST_WAIT)
    assert refusal["reason"] == "too_many_websockets"
    for socket in [*sockets, eleventh]:
        await socket.close()


async def test_a_dropped_connection_ends_without_a_close_frame(
    sandbox: Sandbox, session: ClientSession, control: Control
) -> None:
    socket = await connect(sandbox, session)
    await control.post("slack/socket", do="drop")
    await socket.receive(timeout=LONGEST_WAIT)
    assert socket.close_code == 1006, "abnormal: nobody said good-bye (RFC 6455, 7.4.1)"


async def test_a_frozen_connection_stays_open_and_silent_until_it_thaws(
    sandbox: Sandbox, session: ClientSession, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_mode, "ACKNOWLEDGE_SECONDS", 0.1)
    socket = await connect(sandbox, session)
    assert (await control.post("slack/socket", do="freeze"))["connections"] == 1
    await socket.ping(b"somebody there?")
    with pytest.raises(asyncio.TimeoutError):
        await socket.receive(timeout=0.2)
    status, told = await control.call("POST", "command", {"user": "requester", "text": ""})
    assert (status, told["error"]) == (504, "operation_timeout")
    late = asyncio.create_task(connect(sandbox, session))
    await asyncio.sleep(0.1)
    assert not late.done(), "new connections hear nothing either"
    await control.post("slack/socket", do="thaw")
    await (await late).close()
    assert not socket.closed
    await socket.close()
