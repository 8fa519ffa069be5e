"""Serve the control calls for what people do in Slack: command, shortcut, click, upload, submit, close."""

from typing import Any

from aiohttp import web
from pydantic import Base64Bytes, Field

from bot.sandbox.control.input import Input, answer, person_of, read_body
from bot.sandbox.slack.client import clicks, entry_points, submissions
from bot.sandbox.slack.simulator import SlackSimulator


class Command(Input):
    """A slash command. `text` is what follows `/partner`; the whole line is accepted too."""

    user: str
    text: str = ""
    channel: str = "partner-access"


class Shortcut(Input):
    """A global shortcut."""

    user: str
    callback_id: str


class Click(Input):
    """An element in a message (`channel` and `ts`) or in a view (`view_id`)."""

    user: str
    action_id: str
    block_id: str | None = None
    channel: str | None = None
    ts: str | None = None
    view_id: str | None = None
    value: Any = None
    selected: Any = None
    values: dict[str, Any] = Field(default_factory=dict)
    """The other values that the person entered in the view, as in `Submit`."""


class Suggest(Input):
    """The text that a person types into an external select."""

    user: str
    action_id: str
    block_id: str | None = None
    channel: str | None = None
    ts: str | None = None
    view_id: str | None = None
    value: str = ""


class Submit(Input):
    """A modal's submit button."""

    user: str
    view_id: str
    values: dict[str, Any] = Field(default_factory=dict)


class Upload(Input):
    """A file that a person chooses in a window."""

    user: str
    name: str = Field(min_length=1, max_length=255)
    content: Base64Bytes
    in_payload: dict[str, Any] | None = None
    """What the submitted window has in place of Slack's whole file object, beside the id."""


class Close(Input):
    """A modal's close button."""

    user: str
    view_id: str


def action_routes(slack: SlackSimulator) -> list[web.RouteDef]:
    """Return the routes of what a person does in the simulated Slack: commands, clicks, forms."""
    client = slack.client

    async def command(request: web.Request) -> web.Response:
        body = await read_body(request, Command)
        person = person_of(body.user)
        return answer(**await entry_points.command(client, person, client.for_command(body.channel, person), body.text))

    async def shortcut(request: web.Request) -> web.Response:
        body = await read_body(request, Shortcut)
        return answer(**await entry_points.shortcut(client, person_of(body.user), body.callback_id))

    async def click(request: web.Request) -> web.Response:
        body = await read_body(request, Click)
        person = person_of(body.user)
        if body.view_id and body.values:
            view = client.view(body.view_id, person)
            await submissions.fill(client, person, view, body.values, strict=False)
        place = clicks.find_click_place(
            client, person, view_id=body.view_id, channel=body.channel, ts=body.ts, is_forged=True
        )
        choice = clicks.ElementChoice(
            action_id=body.action_id, block_id=body.block_id, value=body.value, selected=body.selected
        )
        return answer(**await clicks.click(client, person, place, choice))

    async def suggest(request: web.Request) -> web.Response:
        body = await read_body(request, Suggest)
        person = person_of(body.user)
        place = clicks.find_click_place(client, person, view_id=body.view_id, channel=body.channel, ts=body.ts)
        choice = clicks.ElementChoice(action_id=body.action_id, block_id=body.block_id)
        block, element = clicks.find_element(place, choice)
        ask = clicks.options_from_bot(client, person, place, block["block_id"])
        return answer(suggest=await ask(element, body.value))

    async def submit(request: web.Request) -> web.Response:
        body = await read_body(request, Submit)
        person = person_of(body.user)
        view = client.view(body.view_id, person)
        return answer(**await submissions.submit(client, person, view, body.values))

    async def upload(request: web.Request) -> web.Response:
        body = await read_body(request, Upload)
        user_id = person_of(body.user).slack_id
        file = slack.workspace.files.choose(user_id, body.name, body.content, body.in_payload)
        return answer(file=slack.workspace.files.in_payload(file))

    async def close(request: web.Request) -> web.Response:
        body = await read_body(request, Close)
        person = person_of(body.user)
        return answer(**await submissions.close(client, person, client.view(body.view_id, person)))

    return [
        web.post(f"/control/{act.__name__}", act) for act in (command, shortcut, click, suggest, upload, submit, close)
    ]
