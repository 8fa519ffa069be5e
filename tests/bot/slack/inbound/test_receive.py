"""Every signed payload is answered: 400 when it cannot be read, otherwise 200, never a traceback."""

import json
import logging
import os
import random
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

import pytest
import structlog

from bot.slack import ids
from tests.bot.bot_under_test import SLACK_IDS, BotUnderTest, click, request_values, submission
from tests.bot.signing import JSON as JSON_TYPE
from tests.bot.slack.inbound.test_payloads import recorded

REQUEST: Final = "R-ABCDEFGHI2:" + "0123456789abcdef" * 4
TENANT: Final = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"
STRANGE: Final[tuple[Any, ...]] = (
    *("", " ", "x" * 5000, "\ud800", "a\udfffb", "\0", "\u202e", "😀", 0, -1, 7, 1e308, True, False),
    *([], {}, [None], [[]], {"a": None}, {"id": None}, {"": {"": {}}}, ["x"], {"value": {"value": 1}}),
)
"""What stands where something else belongs."""
ABSENT: Final = object()
HOW_MANY: Final = 500


def event(person: str = "requester") -> dict[str, Any]:
    """An event as Slack posts it."""
    return {
        "token": "x",
        "team_id": "T0WOODGROVE",
        "api_app_id": "A0GATEHOUSE",
        "event": {"type": "app_home_opened", "user": SLACK_IDS[person], "channel": "D1", "tab": "home", "view": None},
        "type": "event_callback",
        "event_id": "Ev1",
        "event_time": 1,
        "authorizations": [{"enterprise_id": None, "team_id": "T0WOODGROVE", "user_id": "U1", "is_bot": True}],
        "is_ext_shared_channel": False,
    }


def command(text: str) -> dict[str, Any]:
    """A slash command, as a form."""
    return {
        "command": "/partner",
        "text": text,
        "team_id": "T0WOODGROVE",
        "user_id": SLACK_IDS["requester"],
        "channel_id": "C0PARTNERAC",
        "trigger_id": "1.2.3",
        "response_url": "",
    }


OWN: Final[dict[str, dict[str, Any]]] = {
    **{
        action: click("approver1", action, value)
        for action, value in {
            ids.APPROVE: REQUEST,
            ids.REJECT: REQUEST,
            ids.REVIEW_REQUEST: REQUEST,
            ids.WITHDRAW: "R-ABCDEFGHI2",
            ids.KEEP: TENANT,
            ids.REVOKE_REVIEW: TENANT,
            ids.SHOW_CHECKLIST: TENANT,
        }.items()
    },
    "from a window": click("approver1", ids.APPROVE, REQUEST)
    | {"container": {"type": "view", "view_id": "V1"}, "view": {"id": "V1", "callback_id": ids.DECIDE, "state": {}}},
    "request": submission("requester", ids.REQUEST_ACCESS, "{}", request_values("contoso.com", "trusted-partner")),
    "reject": submission("approver1", ids.REJECT_REASON, REQUEST, {"reason": {"reason": {"value": "No."}}}),
    "revoke": submission(
        "admin", ids.CONFIRM_REVOKE, TENANT, {"confirm": {"confirm": {"value": "contoso.com"}}, "reason": {}}
    ),
    "restore": submission("requester", ids.RESTORE_ACCESS, TENANT, {"restores": {"restores": {"value": "x"}}}),
    "shortcut": {
        "type": "shortcut",
        "callback_id": ids.REQUEST_SHORTCUT,
        "user": {"id": SLACK_IDS["requester"], "team_id": "T0WOODGROVE"},
        "team": {"id": "T0WOODGROVE"},
        "trigger_id": "1.2.3",
    },
    "home": event(),
    "help": command("help"),
    "list": command("list"),
    "an address": {"type": "url_verification", "challenge": "abc", "token": "x"},
}


def members(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """List the way to every member, the whole included."""
    yield path
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from members(inside, (*path, name))
    elif isinstance(value, list):
        for index, inside in enumerate(value):
            yield from members(inside, (*path, index))


def changed(payload: dict[str, Any], path: tuple[Any, ...], value: Any) -> Any:
    """Copy a payload with one member changed."""
    if not path:
        return {} if value is ABSENT else value
    copy = json.loads(json.dumps(payload))
    inside = copy
    for step in path[:-1]:
        inside = inside[step]
    if value is ABSENT:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return copy


async def answered(gatehouse: BotUnderTest, payload: Any) -> tuple[int, str]:
    """Send a payload as Slack sends its kind. Its window is one that the bot gave to the person."""
    if isinstance(payload, dict):
        payload = gatehouse.as_given(payload)
    text = json.dumps(payload)
    if isinstance(payload, dict) and "command" in payload:
        fields = {name: value if isinstance(value, str) else json.dumps(value) for name, value in payload.items()}
        body, content_type = urlencode(fields, errors="replace").encode(), "application/x-www-form-urlencoded"
    elif isinstance(payload, dict) and payload.get("type") in ("event_callback", "url_verification"):
        body, content_type = text.encode(), JSON_TYPE
    else:
        body, content_type = urlencode({"payload": text}).encode(), "application/x-www-form-urlencoded"
    answer = await gatehouse.post(body, content_type)
    return answer.status, answer.text


@pytest.mark.parametrize("part", range(4))
async def test_every_member_may_be_null_absent_or_of_another_kind(
    gatehouse: BotUnderTest, caplog: pytest.LogCaptureFixture, part: int
) -> None:
    seed = int(os.environ.get("SEED", random.randrange(10**9)))
    print("seed", seed)
    payloads = {**OWN, **dict(recorded())}
    cases = [(name, path, value) for name in payloads for path in members(payloads[name]) for value in (None, ABSENT)]
    strange = [(name, path, value) for name in payloads for path in members(payloads[name]) for value in STRANGE]
    cases += random.Random(seed).sample(strange, HOW_MANY)
    caplog.set_level(logging.ERROR)
    with structlog.testing.capture_logs() as logs:
        for name, path, value in cases[part::4]:
            status, text = await answered(gatehouse, changed(payloads[name], path, value))
            assert status in (200, 400), f"seed {seed}: {name} {path} {value!r} gives {status} {text[:200]}"
        await gatehouse.idle()
    ours = [line for line in logs if "exc_info" in line or line["event"] == "listener_failed"]
    assert ours == [], f"seed {seed}"
    assert [record.getMessage()[:300] for record in caplog.records if record.exc_info] == [], f"seed {seed}"
    unreadable = [line for line in logs if line["event"] == "payload_unreadable"]
    assert unreadable
    assert all(len(json.dumps(line)) < 200 for line in unreadable), "short, and nothing of the body"


@pytest.mark.parametrize(
    "path",
    [("actions", 0, "value"), ("container",), ("view",), ("response_url",), ("team",), ("actions", 0, "block_id")],
)
async def test_a_null_member_is_the_same_as_an_absent_one(gatehouse: BotUnderTest, path: tuple[Any, ...]) -> None:
    """Slack sends both, for instance `"view": null` in a click on a message."""
    payload = OWN[ids.APPROVE]
    if path == ("view",):
        payload = payload | {"view": {}}
    as_null = await answered(gatehouse, changed(payload, path, None))
    assert as_null == await answered(gatehouse, changed(payload, path, ABSENT))
    assert as_null[0] == 200


async def test_a_lone_surrogate_in_a_text_becomes_the_replacement_character(gatehouse: BotUnderTest) -> None:
    """JSON can write it and nothing can store it; the request is filed all the same."""
    values = request_values("contoso.com", "trusted-partner", justification="Bridge \ud83d project")
    payload = submission("requester", ids.REQUEST_ACCESS, "", values)
    assert (await answered(gatehouse, payload))[0] == 200
    (request,) = await gatehouse.store.open_requests()
    assert request.fields.justification == "Bridge \ufffd project"


@pytest.mark.parametrize("actions", [[], [None], None, "x", [{}]])
async def test_a_click_on_nothing_is_a_bad_request(gatehouse: BotUnderTest, actions: Any) -> None:
    status, text = await answered(gatehouse, OWN[ids.APPROVE] | {"actions": actions})
    assert (status, text) == (400, "not a payload that can be read\n")


async def test_a_window_without_an_id_is_a_bad_request(gatehouse: BotUnderTest) -> None:
    payload = OWN["from a window"] | {"view": {"id": "", "callback_id": ids.DECIDE, "state": {}}}
    assert await answered(gatehouse, payload) == (400, "not a payload that can be read\n")


async def test_what_nobody_listens_to_is_a_bad_request(gatehouse: BotUnderTest) -> None:
    """One short line of the log names its kind, whatever its members are."""
    user = {"id": SLACK_IDS["requester"], "team_id": "T0WOODGROVE"}
    odd = {"type": "block_suggestion", "user": user, "block_id": "b", "action_id": "of_another_app", "value": "x"}
    function = event() | {"event": {"type": "function_executed", "function": True}}
    with structlog.testing.capture_logs() as logs:
        for payload in (click("approver1", "of_another_app", "x"), odd, function):
            assert await answered(gatehouse, payload) == (400, "nothing here listens to this payload\n")
    said = [line["kind"] for line in logs if line["event"] == "payload_unhandled"]
    assert said == ["block_actions", "block_suggestion", "event_callback"]
    assert [line for line in logs if "exc_info" in line] == []
    broken = odd | {"action_id": {"value": 1}}
    assert await answered(gatehouse, broken) == (400, "not a payload that can be read\n")
