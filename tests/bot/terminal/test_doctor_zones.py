"""The doctor names the approvers whose Slack profile has no time zone that exists."""

from typing import Any

import pytest

from bot.process.settings import Settings
from bot.sandbox.http.faults import Fault
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.web_api.methods import users
from bot.sandbox.slack.workspace import people
from bot.terminal import doctor
from tests.bot.bot_under_test import SLACK_IDS
from tests.bot.terminal.test_doctor import examined, finding

SUBJECT = "Slack: time zones of approvers"


def in_zones(monkeypatch: pytest.MonkeyPatch, zones: dict[str, Any]) -> None:
    """Let Slack show these people, by handle, in these zones."""
    by_id = {SLACK_IDS[handle]: zone for handle, zone in zones.items()}

    def shown(*args: Any, **options: Any) -> dict[str, Any]:
        user = people.user_object(*args, **options)
        return {**user, "tz": by_id.get(user["id"], user["tz"])}

    monkeypatch.setattr(users, "user_object", shown)


async def test_known_time_zones_are_counted(settings: Settings) -> None:
    _, text = await examined(settings)
    assert "✓ known, 3 people" in finding(text, SUBJECT)


async def test_approvers_without_a_time_zone_that_exists_are_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Riley approves nothing, and is not named. It is no fault: the bot works."""
    in_zones(monkeypatch, {"approver1": "", "approver2": "Europe/Atlantis", "requester": "Nowhere"})
    status, text = await examined(settings)
    assert status == 0
    row = finding(text, SUBJECT)
    assert "– not usable for 2 of 3 people: Amara Okafor (none), Bruno Keller (Europe/Atlantis)" in row
    assert "reminded from 9 to 17 o'clock UTC" in row
    assert "Nowhere" not in text


async def test_of_many_only_some_are_read_and_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_MAX_PROFILES", 2)
    monkeypatch.setattr(doctor, "_MAX_NAMED", 1)
    in_zones(monkeypatch, {"approver1": None, "approver2": None, "approver3": None})
    _, text = await examined(settings)
    row = finding(text, SUBJECT)
    assert "not usable for 2 of the first 2 of 3 people: Amara Okafor (none) and 1 other" in row


async def test_a_slack_that_does_not_answer_is_no_known_time_zone(settings: Settings, world: Sandbox) -> None:
    world.faults.add(Fault(target="slack", method="users.info", times=1000, status=500))
    _, text = await examined(settings)
    assert "known" not in finding(text, SUBJECT)
