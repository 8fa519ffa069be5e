"""Slack's own Python clients take the simulator for Slack."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.async_app import AsyncAck, AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import BotHandle, Sandbox
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.slack.samples import modal
from tests.served import served
from tests.waiting import LONGEST_WAIT


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    started = Sandbox(tmp_path / "data", only="slack", socket_mode=True)
    await started.start(0)
    yield started
    await started.stop()


def bolt_app(settings: dict[str, str]) -> AsyncApp:
    """A small Bolt app with a command, a form and a refusal."""
    client = AsyncWebClient(token=settings["SLACK_BOT_TOKEN"], base_url=settings["SLACK_API_URL"])
    app = AsyncApp(client=client, signing_secret=settings["SLACK_SIGNING_SECRET"], process_before_response=True)

    async def command(ack: AsyncAck, context: AsyncBoltContext, body: dict[str, str]) -> None:
        await ack()
        await context.client.views_open(trigger_id=body["trigger_id"], view=modal())
        assert context.respond is not None
        await context.respond(text="Form opened.")

    async def submitted(ack: AsyncAck) -> None:
        await ack(response_action="errors", errors={"domain": "Unknown."})

    app.command("/partner")(command)
    app.view("ask")(submitted)
    return app


async def play(control: Control) -> None:
    """Type the command, submit the form."""
    told = await control.post("command", user="requester", text="request")
    assert told["text"] == "Form opened."
    submitted = await control.post("submit", user="requester", view_id=told["view_id"], values={"domain": "x"})
    assert submitted["errors"] == {"domain": "Unknown."}


@pytest.mark.filterwarnings("default::DeprecationWarning")
async def test_bolt_over_socket_mode(sandbox: Sandbox, control: Control) -> None:
    settings = sandbox.bot_settings(3000)
    app = bolt_app(settings)
    handler = AsyncSocketModeHandler(app, settings["SLACK_APP_TOKEN"])
    await handler.connect_async()  # type: ignore[no-untyped-call]
    assert sandbox.slack_simulator is not None
    async with asyncio.timeout(LONGEST_WAIT):
        while sandbox.slack_simulator.sockets.count == 0:
            await sandbox.wait_for_change(sandbox.revision.number)
    await play(control)
    await handler.close_async()  # type: ignore[no-untyped-call]


@pytest.mark.filterwarnings("default::DeprecationWarning")
async def test_bolt_over_http(tmp_path: Path, session: ClientSession) -> None:
    sandbox = Sandbox(tmp_path / "http", only="slack")
    await sandbox.start(0)
    server = bolt_app(sandbox.bot_settings(3000)).server(port=0, path="/slack/events")
    async with served(server.web_app) as url:
        sandbox.bot = BotHandle(url=url, pid=lambda: 0, alive=lambda: True)
        await play(Control(session=session, url=sandbox.url))
    await sandbox.stop()


async def test_sdk_reads_refusals(sandbox: Sandbox) -> None:
    settings = sandbox.bot_settings(3000)
    client = AsyncWebClient(token=settings["SLACK_BOT_TOKEN"], base_url=settings["SLACK_API_URL"])
    assert (await client.auth_test())["team_id"] == settings["SLACK_TEAM_ID"]
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0NOWHERE", text="x")
    assert caught.value.response["error"] == "channel_not_found"
