"""Bolt recognizes each kind of payload. Payloads have the form of recorded ones, when these are present."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.request import internals, payload_utils
from slack_sdk.models.views import View

from bot.sandbox import seed
from bot.sandbox.server import Sandbox
from bot.slack.payloads.models import Interaction, SlashCommand
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import FakeBot
from tests.bot.sandbox.slack.samples import CHANNEL, actions, button, modal, text_input
from tests.bot.sandbox.slack.workspace.test_views import opened

SAMPLES = Path(__file__).parents[6] / "shared" / "samples" / "slack"
GRID_ONLY = {"enterprise_id", "enterprise_name"}
"""What payloads of an Enterprise Grid carry; the simulator's workspace is a single one."""

needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(),
    reason="../shared/samples with Slack's recorded payloads is not there; that Bolt takes each kind of payload for "
    "what it is, and that Slack's SDK knows the views in them, holds in every clone",
)

ADDED_TO_VIEWS = {"app_installed_team_id"}
"""What Slack adds to a view that the SDK's model of views does not have: Bolt reads it (`extract_team_id`)."""


def known_to_bolt(kind: Callable[[dict[str, Any]], bool], sent: dict[str, Any], user: str) -> bool:
    """Tell whether Bolt takes a payload for this kind alone, and finds who acted where; the bot's parser does, too."""
    others = [other for other in KINDS if other is not kind and other(sent)]
    assert others == []
    assert (internals.extract_user_id(sent), internals.extract_team_id(sent)) == (user, seed.TEAM_ID)
    if "view" in sent:
        view = {name: value for name, value in sent["view"].items() if name not in ADDED_TO_VIEWS}
        assert said(View(**view).to_dict()) == said(view)
    if kind is payload_utils.is_slash_command:
        assert SlashCommand.model_validate(sent).actor == user
    elif kind is not payload_utils.is_event:
        assert Interaction.model_validate(sent).actor == user
    return kind(sent)


def said(value: Any) -> Any:
    """A JSON value without members that say nothing, at any depth: Slack sends them, its SDK leaves them out."""
    if isinstance(value, dict):
        return {name: said(inner) for name, inner in value.items() if inner not in (None, "")}
    return [said(inner) for inner in value] if isinstance(value, list) else value


KINDS = (
    payload_utils.is_slash_command,
    payload_utils.is_block_actions,
    payload_utils.is_view_submission,
    payload_utils.is_view_closed,
    payload_utils.is_block_suggestion,
    payload_utils.is_global_shortcut,
    payload_utils.is_event,
)


async def test_bolt_knows_every_payload(bot: FakeBot, control: Control) -> None:
    """One story with each kind of payload that the bot listens to."""
    await control.post("command", user="requester", text="x")
    assert known_to_bolt(payload_utils.is_slash_command, bot.last, "U0REQUESTER")
    await control.post("shortcut", user="requester", callback_id="request_access")
    assert known_to_bolt(payload_utils.is_global_shortcut, bot.last, "U0REQUESTER")
    sent = await bot.api("chat.postEphemeral", channel=CHANNEL, user="U0ADMIN0001", text="x", blocks=[actions()])
    await control.post("click", user="admin", channel=CHANNEL, ts=sent["message_ts"], action_id="approve")
    assert known_to_bolt(payload_utils.is_block_actions, bot.last, "U0ADMIN0001")
    assert internals.extract_channel_id(bot.last) == CHANNEL
    search = {"type": "external_select", "action_id": "es_a"}
    view = await opened(bot, control, modal(text_input("es_b", element=search), notify_on_close=True))
    await control.post("suggest", user="requester", view_id=view["id"], action_id="es_a", value="word")
    assert known_to_bolt(payload_utils.is_block_suggestion, bot.last, "U0REQUESTER")
    await control.post("close", user="requester", view_id=view["id"])
    assert known_to_bolt(payload_utils.is_view_closed, bot.last, "U0REQUESTER")
    view = await opened(bot, control, modal())
    await control.post("submit", user="requester", view_id=view["id"], values={"domain": "x"})
    assert known_to_bolt(payload_utils.is_view_submission, bot.last, "U0REQUESTER")
    await control.get("home", user="admin")
    assert known_to_bolt(payload_utils.is_event, bot.last, "U0ADMIN0001")
    assert payload_utils.is_app_home_opened_event(bot.last)


def recorded(name: str) -> dict[str, Any]:
    """A recorded payload."""
    loaded: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def missing(sample: Any, sent: Any, at: str = "") -> list[str]:
    """The keys of the recorded payload that the sent one lacks, at every depth."""
    if isinstance(sample, list) and isinstance(sent, list):
        return missing(sample[0], sent[0], f"{at}/0") if sample and sent else []
    if not isinstance(sample, dict) or not isinstance(sent, dict):
        return []
    found = []
    for name, value in sample.items():
        if name in GRID_ONLY or at.endswith("/values"):
            continue
        if name not in sent:
            found.append(f"{at}/{name}")
        else:
            found += missing(value, sent[name], f"{at}/{name}")
    return found


@needs_samples
async def test_command(bot: FakeBot, control: Control) -> None:
    await control.post("command", user="requester", text="x")
    assert missing(recorded("slash_command__slash_command_body"), bot.last) == []


@needs_samples
async def test_click_in_a_message(bot: FakeBot, control: Control) -> None:
    sent = await bot.api("chat.postEphemeral", channel=CHANNEL, user="U0ADMIN0001", text="x", blocks=[actions()])
    await control.post("click", user="admin", channel=CHANNEL, ts=sent["message_ts"], action_id="approve")
    assert missing(recorded("block_actions__body"), bot.last) == []


@needs_samples
async def test_submission_and_closing(bot: FakeBot, control: Control, sandbox: Sandbox) -> None:
    view = await opened(bot, control, modal(notify_on_close=True, close={"type": "plain_text", "text": "No"}))
    await control.post("close", user="requester", view_id=view["id"])
    assert missing(recorded("view_closed__body"), bot.last) == []
    view = await opened(bot, control, modal(close={"type": "plain_text", "text": "No"}))
    await control.post("submit", user="requester", view_id=view["id"], values={"domain": "x"})
    assert missing(recorded("view_submission__body"), bot.last) == []


@needs_samples
async def test_suggestion(bot: FakeBot, control: Control) -> None:
    search = {"type": "external_select", "action_id": "es_a"}
    view = await opened(bot, control, modal(text_input("es_b", element=search), actions(button())))
    place = {"user": "requester", "view_id": view["id"], "action_id": "es_a", "value": "word"}
    await control.post("suggest", **place)
    sample = recorded("block_suggestion__body")
    del sample["view"]["close"]  # the recorded view has one, this one has not
    assert missing(sample, bot.last) == []


@needs_samples
async def test_event(bot: FakeBot, control: Control) -> None:
    await control.get("home", user="admin")
    sample = recorded("events__body")
    sample["event"] = {"type": "app_home_opened"}  # another event was recorded
    assert missing(sample, bot.last) == []
