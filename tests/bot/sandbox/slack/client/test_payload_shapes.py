"""The payloads have the shape of recorded ones, where the recordings are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.server import Sandbox
from tests.bot.sandbox.control_client import Control
from tests.bot.sandbox.fake_bot import FakeBot
from tests.bot.sandbox.slack.samples import CHANNEL, actions, button, modal, text_input
from tests.bot.sandbox.slack.workspace.test_views import opened

SAMPLES = Path(__file__).parents[6] / "shared" / "samples" / "slack"
GRID_ONLY = {"enterprise_id", "enterprise_name"}
"""What payloads of an Enterprise Grid carry; the stand-in's workspace is a single one."""

needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no recorded payloads in {SAMPLES}")


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
