"""What a person does to reach the app: type a command, choose a shortcut, open its Home."""

import asyncio
import contextlib
from typing import Any

from bot.sandbox.refusals import Refused
from bot.sandbox.seed import Person
from bot.sandbox.slack.client.client import Client, Outcome, outcome, read_client_state
from bot.sandbox.slack.client.payloads import command_payload, home_opened_payload, shortcut_payload
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.workspace.conversations import Conversation, direct_message_id

COMMAND = "/partner"
HOME_WAIT_SECONDS = 1.0


async def command(client: Client, person: Person, channel: Conversation, typed: str) -> Outcome:
    """Type a slash command; `typed` may begin with the command or not.

    The outcome has `text` (of the first ephemeral message, or None) and `view_id` (the opened modal, or None).

    :raises Refused: `operation_timeout`, `dispatch_failed`, `bad_message`.
    """
    name, text = COMMAND, typed.strip()
    if text.startswith("/"):
        name, _, text = text.partition(" ")
    before = read_client_state(client, person)
    payload = command_payload(
        person,
        client.credentials,
        command=name,
        text=text.strip(),
        channel=channel,
        trigger_id=client.triggers.issue(person.slack_id),
        response_url=client.response_urls.issue(person.slack_id, channel.id),
    )
    answer = await client.delivery.interact("slash_commands", payload)
    _show(client, person, channel, answer.body)
    result = await outcome(client, person, before, place=channel)
    first = next((message["text"] for message in result["ephemeral"]), None)
    return {**result, "text": first, "view_id": result["opened"]}


def _show(client: Client, person: Person, channel: Conversation, body: Any) -> None:
    """Show the bot's answer to a command: plain text, or a message; an empty answer shows nothing."""
    message = {"text": body} if isinstance(body, str) else body
    if not isinstance(message, dict) or not any(message.get(name) for name in ("text", "blocks", "attachments")):
        return
    try:
        client.response_urls.respond(person.slack_id, channel.id, None, message)
    except SlackError as error:
        words = f"the bot answered the command with a message that Slack does not take: {error.body()}"
        raise Refused("bad_message", words, 502) from error


async def shortcut(client: Client, person: Person, callback_id: str) -> Outcome:
    """Choose a global shortcut; the outcome has `view_id` (the opened modal, or None).

    :raises Refused: `operation_timeout`, `dispatch_failed`.
    """
    before = read_client_state(client, person)
    payload = shortcut_payload(
        person,
        client.credentials,
        callback_id=callback_id,
        trigger_id=client.triggers.issue(person.slack_id),
        now=client.workspace.now(),
    )
    await client.delivery.interact("interactive", payload)
    result = await outcome(client, person, before)
    return {**result, "view_id": result["opened"]}


async def open_home(client: Client, person: Person) -> dict[str, Any] | None:
    """Open the App Home: send the event, and wait a second for the bot to publish it.

    :returns: the shown view, or None.
    """
    views = client.workspace.views
    open_home_view = views.home(person.slack_id)
    payload = home_opened_payload(
        person,
        client.credentials,
        channel_id=direct_message_id(person.slack_id),
        home=open_home_view,
        now=client.workspace.now(),
    )
    if await client.delivery.event(payload):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HOME_WAIT_SECONDS):
                while views.home(person.slack_id) == open_home_view:
                    await client.revision.wait(client.revision.number)
    home = views.home(person.slack_id)
    return home.to_slack() if home else None
