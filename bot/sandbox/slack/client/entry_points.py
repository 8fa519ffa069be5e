"""Do what a person does to reach the app: type a command, pick a shortcut, open its Home."""

import asyncio
import contextlib
from typing import Any

from bot.sandbox.refusals import Refused
from bot.sandbox.seed import Person
from bot.sandbox.slack.client.client import Desk, Outcome, look, outcome
from bot.sandbox.slack.client.payloads import command_payload, home_opened_payload, shortcut_payload
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.workspace.conversations import Conversation, direct_message_id

COMMAND = "/partner"
HOME_PATIENCE_SECONDS = 1.0


async def command(desk: Desk, person: Person, channel: Conversation, typed: str) -> Outcome:
    """Type a slash command; `typed` may or may not begin with it.

    The outcome has `text` (of the first ephemeral message, or None) and `view_id` (the modal opened, or None).

    :raises Refused: `operation_timeout`, `dispatch_failed`, `bad_message`.
    """
    name, text = COMMAND, typed.strip()
    if text.startswith("/"):
        name, _, text = text.partition(" ")
    before = look(desk, person)
    payload = command_payload(
        person,
        desk.credentials,
        command=name,
        text=text.strip(),
        channel=channel,
        trigger_id=desk.triggers.issue(person.slack_id),
        response_url=desk.response_urls.issue(person.slack_id, channel.id),
    )
    answer = await desk.delivery.interact("slash_commands", payload)
    _show(desk, person, channel, answer.body)
    told = await outcome(desk, person, before, place=channel)
    first = next((message["text"] for message in told["ephemeral"]), None)
    return {**told, "text": first, "view_id": told["opened"]}


def _show(desk: Desk, person: Person, channel: Conversation, body: Any) -> None:
    """Show what the bot answered the command with: plain text, or a message; nothing for nothing."""
    message = {"text": body} if isinstance(body, str) else body
    if not isinstance(message, dict) or not any(message.get(name) for name in ("text", "blocks", "attachments")):
        return
    try:
        desk.response_urls.respond(person.slack_id, channel.id, None, message)
    except SlackError as error:
        words = f"the bot answered the command with a message that Slack does not take: {error.body()}"
        raise Refused("bad_message", words, 502) from error


async def shortcut(desk: Desk, person: Person, callback_id: str) -> Outcome:
    """Pick a global shortcut; the outcome has `view_id` (the modal opened, or None).

    :raises Refused: `operation_timeout`, `dispatch_failed`.
    """
    before = look(desk, person)
    payload = shortcut_payload(
        person,
        desk.credentials,
        callback_id=callback_id,
        trigger_id=desk.triggers.issue(person.slack_id),
        now=desk.workspace.now(),
    )
    await desk.delivery.interact("interactive", payload)
    told = await outcome(desk, person, before)
    return {**told, "view_id": told["opened"]}


async def open_home(desk: Desk, person: Person) -> dict[str, Any] | None:
    """Open the App Home: the bot hears of it and has a moment to publish; gives the view then shown, or None."""
    views = desk.workspace.views
    shown = views.home(person.slack_id)
    payload = home_opened_payload(
        person,
        desk.credentials,
        channel_id=direct_message_id(person.slack_id),
        home=shown,
        now=desk.workspace.now(),
    )
    if await desk.delivery.event(payload):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HOME_PATIENCE_SECONDS):
                while views.home(person.slack_id) == shown:
                    await desk.revision.wait(desk.revision.number)
    home = views.home(person.slack_id)
    return home.to_slack() if home else None
