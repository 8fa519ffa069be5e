"""Which calls to Slack share a connection."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.slack.outbound.client import SlackClient
from tests.served import served


class Answers:
    """A Slack that answers everything, and keeps the connection of each call."""

    def __init__(self) -> None:
        self.connections: list[object] = []
        self.is_closing = False

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a call; when it is closing, end the connection without an answer."""
        self.connections.append(request.transport)
        if self.is_closing:
            self.is_closing = False
            assert request.transport is not None
            request.transport.close()
        return web.json_response({"ok": True})


@pytest.fixture
def slack() -> Answers:
    """A Slack."""
    return Answers()


@pytest.fixture
async def client(slack: Answers) -> AsyncIterator[SlackClient]:
    """The bot's client of it."""
    application = web.Application()
    application.router.add_route("*", "/{method}", slack.answer)
    async with served(application) as url:
        client = SlackClient(token="xoxb-test", base_url=url, redact=str)
        yield client
        await client.close()


async def read(client: SlackClient) -> None:
    """Read something."""
    await client.api_call("users.info", http_verb="GET", params={"user": "U1"})


async def test_reads_share_one_connection(client: SlackClient, slack: Answers) -> None:
    for _ in range(3):
        await read(client)
    assert len(slack.connections) == 3
    assert len(set(map(id, slack.connections))) == 1


async def test_what_is_not_a_read_has_a_connection_of_its_own(client: SlackClient, slack: Answers) -> None:
    await read(client)
    for _ in range(2):
        await client.api_call("chat.postMessage", json={"channel": "C1", "text": "Hello"})
    assert len(set(map(id, slack.connections))) == 3


async def test_a_read_is_sent_again_when_a_kept_connection_ends(client: SlackClient, slack: Answers) -> None:
    await read(client)
    slack.is_closing = True
    await read(client)
    assert len(slack.connections) == 3


async def test_a_message_is_not_sent_again_when_its_connection_ends(client: SlackClient, slack: Answers) -> None:
    await read(client)
    slack.is_closing = True
    with pytest.raises(aiohttp.ClientError):
        await client.api_call("chat.postMessage", json={"channel": "C1", "text": "Hello"})
    assert len(slack.connections) == 2
