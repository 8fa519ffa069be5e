"""Answers after the acknowledgement: to members only, and to Slack only."""

import asyncio
from types import SimpleNamespace
from typing import Any, Final

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.sandbox.http.faults import Fault
from bot.slack.answers import response_url
from bot.slack.answers.background import Background
from bot.slack.blocks.message import Message
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest
from tests.waiting import LONGEST_WAIT
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode


class RecordingWebhook:
    """Replaces the client of response_urls, and records the addresses that it would call."""

    called: Final[list[str]] = []

    def __init__(self, url: str, **_: Any) -> None:
        self.called.append(url)

    async def send(self, **_: Any) -> None:
        """Send nothing."""


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> type[RecordingWebhook]:
    """No answer leaves this machine."""
    RecordingWebhook.called.clear()
    monkeypatch.setattr(response_url, "AsyncWebhookClient", RecordingWebhook)
    return RecordingWebhook


FOREIGN: Final = [
    "",
    "http://169.254.169.254/",
    "http://127.0.0.1:1/slack/response/x",
    "http://127.0.0.1/slack/response/x",
    "https://hooks.slack.com@evil/",
    "https://hooks.slack.com:x@evil/",
    "https://evil@hooks.slack.com/",
    "https://hooks.slack.com.evil/",
    "https://hooks.slack.com:8443/",
    "http://hooks.slack.com/",
    "//hooks.slack.com/",
    "file:///etc/passwd",
    "https://evil/#https://hooks.slack.com/",
    "https://evil\\@hooks.slack.com/",
    "https://[::1/",
]


@pytest.mark.threats("A12")
async def test_a_foreign_response_url_is_never_called(gatehouse: BotUnderTest, webhook: type[RecordingWebhook]) -> None:
    """A stolen signing secret must not turn the bot into a client of the inside network."""
    with capture_logs() as logged:
        for url in FOREIGN:
            assert (await gatehouse.command("list", response_url=url)).status == 200
        await gatehouse.idle()
    assert webhook.called == []
    assert await gatehouse.outcomes() == [("/partner list", "foreign_response_url")] * len(FOREIGN)
    assert [line for line in logged if line["log_level"] not in ("info", "debug")] == []
    assert "address for the answer is not allowed" in await gatehouse.told("requester")


@pytest.mark.parametrize("url", ["https://hooks.slack.com/commands/T1/1/x", "the simulator's"])
async def test_slacks_own_response_url_is_called(
    gatehouse: BotUnderTest, webhook: type[RecordingWebhook], url: str
) -> None:
    own = url if url.startswith("https") else f"{gatehouse.world.url}slack/response/T1/x"
    assert (await gatehouse.command("list", response_url=own)).status == 200
    await gatehouse.idle()
    assert webhook.called == [own]


@pytest.mark.threats("A12")
async def test_a_redirect_of_a_response_url_is_not_followed_and_is_recorded(gatehouse: BotUnderTest) -> None:
    """Over real sockets: the address is Slack's own, and its answer leads elsewhere."""
    asked = list[str]()

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    inside = f"http://127.0.0.1:{runner.addresses[0][1]}/inside"
    fault = Fault(target="slack", match="/slack/response/", status=307, headers={"Location": inside}, times=1)
    gatehouse.world.faults.add(fault)
    assert (await gatehouse.command("list", response_url=f"{gatehouse.world.url}slack/response/T1/x")).status == 200
    await gatehouse.idle()
    await runner.cleanup()
    assert asked == []
    assert await gatehouse.outcomes() == [("/partner list", "foreign_response_url")]


@pytest.mark.parametrize("person", ["guest", "outsider"])
@pytest.mark.parametrize("text", ["list", "show contoso.com"])
async def test_partners_are_told_to_members_only(
    gatehouse: BotUnderTest, webhook: type[RecordingWebhook], person: str, text: str
) -> None:
    await gatehouse.command(text, user_id=SLACK_IDS[person])
    await gatehouse.idle()
    assert webhook.called == []
    assert [code for _, code in await gatehouse.outcomes(person)] == [
        {"guest": "workspace_guest", "outsider": "outsider"}[person]
    ]


async def test_a_click_about_what_cannot_be_named_is_answered_in_place_of_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer that stays as it was would look as if the click did nothing."""
    sent, is_sent = list[dict[str, Any]](), asyncio.Event()

    class Webhook(RecordingWebhook):
        async def send(self, **message: Any) -> None:
            sent.append(message)
            is_sent.set()

    async def done(*_: Any) -> None:
        """Acknowledge, or accept the person."""

    async def own_tenant() -> Message:
        raise InvalidField("target", RefusalCode.TARGET_IS_OUR_TENANT, target="fourthcoffee.com")

    monkeypatch.setattr(response_url, "AsyncWebhookClient", Webhook)
    inside: Any = {"service": None, "lookup_permission": None, "directory": SimpleNamespace(require_member=done)}
    answers = response_url.Answers(**inside, background=Background(), slack_api_url="https://slack.com/api/")
    click: Any = SimpleNamespace(actor="U1", response_url="https://hooks.slack.com/actions/T1/1/x")
    ack: Any = done
    with capture_logs() as logged:
        await answers.replace_answer(ack, click, own_tenant)
        await asyncio.wait_for(is_sent.wait(), LONGEST_WAIT)
    assert [(one["replace_original"], "our own tenant" in one["text"]) for one in sent] == [(True, True)]
    assert logged == []
