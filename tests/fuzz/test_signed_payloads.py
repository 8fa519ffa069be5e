"""Damaged payloads that Slack signed, at the real bot: answered, and nothing is opened by them.

Every button and window of the bot, every command, and Slack's own recorded payloads where they are there. A status of
500 would mean that a listener failed; only people who may not decide send anything.
"""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.seed import TEAM_ID
from bot.slack import ids
from bot.slack.partner_commands import SUBCOMMANDS
from tests.bot.bot_under_test import SLACK_IDS, click, request_values, submission
from tests.bot.signing import FORM, JSON, interaction_body
from tests.fuzz.conftest import WatchedBot, without_errors
from tests.fuzz.damage import damaged
from tests.fuzz.extent import fuzzed

SAMPLES: Final = Path(__file__).parents[2].parent / "shared" / "samples" / "slack"
NAMED_IDS: Final = sorted(value for value in vars(ids).values() if isinstance(value, str) and value[:1].islower())
PEOPLE: Final = ("requester", "guest", "admin")
"""None of them may approve the open request: its requester, a guest, and an admin who is in no stage of its chain."""
UNKNOWN_TENANT: Final = "0d1a1f50-1c1f-4a8a-9d30-1d2f00c0ffee"
CONTOSO: Final = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"
REQUEST: Final = "R-OPEN"
"""Stands for the id of the open request, which is known only when the bot runs."""
DIGEST: Final = "D-OPEN"
VALUES: Final = (
    *(f"{REQUEST}:{DIGEST}", REQUEST, CONTOSO, UNKNOWN_TENANT, f"{CONTOSO}:automatic_redemption_outbound:{'0' * 64}"),
    *("1", f"0:{REQUEST}", json.dumps({"request_id": REQUEST, "tenant_id": CONTOSO, "page": 1, "holes_of": "merger"})),
)


def recorded() -> Iterator[dict[str, Any]]:
    """Yield Slack's recorded payloads, as if they came from our workspace."""
    for file in sorted(SAMPLES.glob("*.json")) if SAMPLES.is_dir() else []:
        text = file.read_text().replace('"W111"', f'"{SLACK_IDS["requester"]}"')
        body = json.loads(text.replace('"T111"', f'"{TEAM_ID}"').replace('"T222"', f'"{TEAM_ID}"'))
        if isinstance(body, dict):
            yield body


@st.composite
def own(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a payload like those that this bot gets."""
    person = draw(st.sampled_from(PEOPLE))
    value = draw(st.sampled_from(VALUES))
    name = draw(st.sampled_from(NAMED_IDS))
    container = draw(st.sampled_from([{"type": "message", "channel_id": "C0PARTNERAC"}, {"type": "view"}]))
    filled = request_values("northwind.com", "trusted-partner") | {
        block: {block: {"value": draw(st.sampled_from(["yes", "1", "", CONTOSO]))}}
        for block in draw(st.lists(st.sampled_from(NAMED_IDS), max_size=2))
    }
    view = submission(person, name, value, filled)["view"]
    match draw(
        st.sampled_from(["click", "click", "submission", "closed", "suggestion", "shortcut", "command", "home"])
    ):
        case "click":
            return click(person, name, value, container=container, view=view)
        case "submission":
            return submission(person, name, value, filled)
        case "closed":
            return submission(person, name, value, filled, type="view_closed", is_cleared=False)
        case "suggestion":
            return submission(person, name, value, filled, type="block_suggestion", action_id=name, value="con")
        case "shortcut":
            return submission(person, name, value, filled, type="shortcut") | {"callback_id": name}
        case "command":
            typed = f"{draw(st.sampled_from(sorted(SUBCOMMANDS)))} {draw(st.sampled_from(['', 'contoso.com', value]))}"
            who = {"user_id": SLACK_IDS[person], "team_id": TEAM_ID, "channel_id": "C0PARTNERAC"}
            return {"command": "/partner", "text": typed, "trigger_id": "1.2.3", **who}
        case _:
            event = {"type": "app_home_opened", "user": SLACK_IDS[person], "tab": "home", "channel": "D1"}
            return {"type": "event_callback", "team_id": TEAM_ID, "event": event, "event_id": "Ev1"}


RECORDED: Final = list(recorded())
BASES: Final = own() | st.sampled_from(RECORDED) if RECORDED else own()


def sent_body(payload: Any, watched: WatchedBot) -> tuple[bytes, str]:
    """Write a payload as Slack does, about the open request, with a new id where Slack gives one."""
    plan = watched.request.plan
    text = json.dumps(payload).replace(REQUEST, watched.request.id).replace(DIGEST, plan.digest)
    payload = json.loads(text)
    if not isinstance(payload, dict):
        return text.encode(), JSON
    if payload.get("trigger_id") == "1.2.3":
        payload["trigger_id"] = secrets.token_hex(8)
    if "command" in payload:
        texts = {name: one if isinstance(one, str) else json.dumps(one) for name, one in payload.items()}
        return urlencode(texts, errors="replace").encode(), FORM
    if payload.get("type") in ("event_callback", "url_verification"):
        return json.dumps(payload).encode(), JSON
    return interaction_body(watched.gatehouse.as_given(payload)), FORM


async def send(watched: WatchedBot, payload: Any) -> None:
    """Send a payload; it is answered, and not by an error of the bot."""
    answer = await watched.gatehouse.post(*sent_body(payload, watched))
    assert answer.status in (200, 400, 401), (answer, payload)


@given(payloads=st.lists(damaged(BASES), min_size=1, max_size=12))
@fuzzed(8)
async def test_no_damaged_payload_is_an_error_or_opens_anything(
    watched: WatchedBot, caplog: pytest.LogCaptureFixture, payloads: list[Any]
) -> None:
    with without_errors(caplog):
        for payload in payloads:
            await send(watched, payload)
        await watched.require_nothing_opened()


@given(payloads=st.lists(own(), min_size=1, max_size=12))
@fuzzed(8)
async def test_no_button_or_window_out_of_place_is_an_error_or_opens_anything(
    watched: WatchedBot, caplog: pytest.LogCaptureFixture, payloads: list[Any]
) -> None:
    """Each is in a form that Slack sends, but of another message, another person or another window."""
    with without_errors(caplog):
        for payload in payloads:
            await send(watched, payload)
        await watched.require_nothing_opened()


@pytest.mark.skipif(not RECORDED, reason="../shared/samples with Slack's recorded payloads is not there")
async def test_slacks_recorded_payloads_are_answered(watched: WatchedBot, caplog: pytest.LogCaptureFixture) -> None:
    with without_errors(caplog):
        for payload in RECORDED:
            await send(watched, payload)
        await watched.require_nothing_opened()
