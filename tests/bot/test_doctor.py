"""The doctor against a whole world: says what is wrong, what cures it, and changes nothing."""

import io
import itertools
from typing import Any

import pytest
from rich.console import Console

from bot.doctor import SCOPES, examine
from bot.sandbox.faults import Fault
from bot.sandbox.seed import TEAM_ID, USER_GROUPS
from bot.sandbox.server import Sandbox
from bot.sandbox.slack import people
from bot.settings import Settings


async def examined(settings: Settings) -> tuple[int, str]:
    """Give the exit status and what was printed."""
    paper = io.StringIO()
    return await examine(settings, Console(file=paper, width=200, color_system=None)), paper.getvalue()


def finding(text: str, subject: str) -> str:
    """Give the row of one finding."""
    rows = text.replace("│", "|").replace("┃", "|").splitlines()
    start = next(index for index, row in enumerate(rows) if subject in row)
    # A long finding goes on in rows whose first cell is empty.
    more = itertools.takewhile(lambda row: row.startswith("|  "), rows[start + 1 :])
    return " ".join([rows[start], *more])


def answer(**body: Any) -> Fault:
    """Let Slack answer its next auth.test so."""
    whole = {"ok": True, "team_id": TEAM_ID, "team": "Woodgrove", "user": "gatehouse", **body}
    scopes = ",".join(sorted(SCOPES - {"usergroups:read"}))
    return Fault(target="slack", method="auth.test", body=whole, headers={"x-oauth-scopes": scopes})


async def test_when_all_is_well(settings: Settings, world: Sandbox) -> None:
    status, text = await examined(settings)
    assert status == 0, text
    assert "✗" not in text
    assert "Woodgrove" in finding(text, "Slack: the app")
    assert "trusted-partner" in finding(text, "Templates")
    assert "2 people" in finding(text, "Role data-owner")
    assert {entry["method"] for entry in world.graph_log.entries} == {"GET"}
    assert not [entry for entry in world.slack_log.entries if "post" in entry["path"].rpartition("/")[2].lower()]


async def test_a_missing_scope_is_named(settings: Settings, world: Sandbox) -> None:
    world.faults.add(answer())
    status, text = await examined(settings)
    assert status == 1
    row = finding(text, "Slack: the app")
    assert "missing usergroups:read" in row
    assert "manifest.yml" in row


async def test_another_workspaces_token_is_named(settings: Settings, world: Sandbox) -> None:
    world.faults.add(answer(team_id="T0ANOTHER"))
    status, text = await examined(settings)
    assert status == 1
    assert "SLACK_TEAM_ID" in finding(text, "T0ANOTHER")


async def test_a_wrong_channel_is_named(settings: Settings, world: Sandbox) -> None:
    body = {"ok": False, "error": "invalid_channel"}
    world.faults.add(Fault(target="slack", method="chat.scheduledMessages.list", body=body))
    status, text = await examined(settings)
    assert status == 1
    row = finding(text, "approval channel")
    assert "invalid_channel" in row
    assert "SLACK_CHANNEL" in row


@pytest.mark.parametrize(
    ("members", "needs"), [((), "Needs 2"), (("approver2",), "Needs 2")], ids=["nobody", "too few"]
)
async def test_a_role_without_enough_people_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, members: tuple[str, ...], needs: str
) -> None:
    groups = [
        (id_, handle, name, members if handle == "partner-data-owners" else held)
        for id_, handle, name, held in USER_GROUPS
    ]
    monkeypatch.setattr(people, "USER_GROUPS", tuple(groups))
    status, text = await examined(settings)
    assert status == 1
    row = finding(text, "Role data-owner")
    assert f"{len(members)} people" in row
    assert needs in row
    assert "partner-data-owners" in row


async def test_a_slack_that_is_away_is_named(settings: Settings, world: Sandbox) -> None:
    world.faults.add(Fault(target="slack", reset=True, times=4))  # each call is tried twice
    status, text = await examined(settings)
    assert status == 1
    for subject in ("Slack: the app", "approval channel"):
        assert "✗" in finding(text, subject)


async def test_an_entra_that_refuses_is_named(settings: Settings, world: Sandbox) -> None:
    world.faults.add(Fault(target="graph", match="crossTenantAccessPolicy/default", status=403, times=10))
    status, text = await examined(settings)
    assert status == 1
    assert "Policy.Read.All" in finding(text, "default configuration")


async def test_tokens_are_not_printed(settings: Settings, world: Sandbox) -> None:
    world.faults.add(Fault(target="slack", status=500, times=100))
    _, text = await examined(settings)
    assert settings.slack_bot_token.get_secret_value() not in text
