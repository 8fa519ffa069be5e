"""Answers after the acknowledgement: to members only, and to Slack only."""

from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from bot.slack.answers import response_url
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest


class RecordingWebhook:
    """Replaces the client of response_urls, and records the addresses that it would call."""

    called: Final[list[str]] = []

    def __init__(self, url: str) -> None:
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
