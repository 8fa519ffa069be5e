"""The posture and the plan command next to a running bot: partners that we opened, and changes from outside."""

import json
import os
from pathlib import Path
from typing import Any, Final

import pytest

from tests.scenarios.stage import CONTOSO, DAY, Stage, words
from tests.warm.command import run_command

pytestmark = pytest.mark.story

ROOT: Final = Path(__file__).parents[2]
FABRIKAM: Final = "fab0fab0-2222-4aaa-8bbb-0123456789a2"
ALL: Final = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}


async def gatehouse(stage: Stage, *arguments: str, columns: int = 80) -> tuple[int | None, str, str]:
    """Run `gatehouse …` next to the bot: with the tenant's settings and the bot's file, without Slack."""
    environment = await command_environment(stage, columns)
    return await run_command(*arguments, folder=stage.data.parent, environment=environment, has_short_pauses=True)


async def command_environment(stage: Stage, columns: int = 80) -> dict[str, str]:
    """Return the environment of a command next to the bot."""
    given = (await stage.see("bot"))["settings"]
    mine = {name: value for name, value in given.items() if not name.startswith(("SLACK_", "PORT", "HOST"))}
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "AZURE_"))},
        **mine,
        **stage.database.settings,
        "GATEHOUSE_GENERATION": str(stage.data / "generation"),
        "COLUMNS": str(columns),
    }


async def posture(stage: Stage, *options: str) -> dict[str, Any]:
    """Read the posture as JSON."""
    status, out, err = await gatehouse(stage, "posture", "--json", *options)
    assert (status, err) == (0, ""), err
    document: dict[str, Any] = json.loads(out)
    return document


def codes(document: dict[str, Any], tenant_id: str) -> list[str]:
    """What is said of one partner."""
    partner = next(one for one in document["partners"] if one["tenant_id"] == tenant_id)
    return [concern["code"] for concern in partner["concerns"]]


async def asked_in_slack(stage: Stage, user: str) -> str:
    """What `/partner posture` answers to one person."""
    await stage.do("command", user=user, text="/partner posture")
    await stage.rest()
    found = (await stage.see("messages", channel="partner-access", user=user))["messages"]
    return words([one for one in found if one.get("is_ephemeral")][-1])


async def test_a_posture_sees_what_we_opened_and_what_was_opened_from_outside(stage: Stage) -> None:
    """The running bot's file is not changed. Then the partner is revoked, changed from outside, and read again."""
    ts = await stage.ask(template="guest-collaboration")
    assert await stage.press("approver1", "approve", ts) == []
    await stage.call(
        "PATCH", "graph/state", {"partners": {FABRIKAM: {"tenantId": FABRIKAM, "b2bDirectConnectInbound": ALL}}}
    )
    document = await posture(stage)
    assert document["records_read"] is True
    assert document["default"]["is_service_default"] is True
    assert document["default"]["concerns"][0]["code"] == "default_open_b2b_collaboration_inbound"
    assert codes(document, CONTOSO) == ["inherits_open_default"]
    assert "unknown_to_gatehouse" in codes(document, FABRIKAM)
    ours = next(one for one in document["partners"] if one["tenant_id"] == CONTOSO)
    assert (ours["default_domain"], ours["record"]["template"]) == ("contoso.com", "guest-collaboration")
    assert document["partners"][0]["tenant_id"] == FABRIKAM, "the gravest first"
    assert next(one for one in document["partners"] if one["tenant_id"] == FABRIKAM)["default_domain"] is None
    named = await posture(stage, "--names")
    assert {one["default_domain"] for one in named["partners"]} == {"contoso.com", "fabrikam.com"}

    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: {"inboundTrust": {"isMfaAccepted": True}}}})
    assert codes(await posture(stage), CONTOSO)[0] == "differs_from_approved"

    assert (await stage.revoke())["errors"] == {}
    assert codes(await posture(stage), CONTOSO) == []
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: {"b2bCollaborationInbound": ALL}}})
    assert codes(await posture(stage), CONTOSO)[0] == "revoked_but_open"
    await stage.call("PATCH", "graph/state", {"partners": {CONTOSO: None}})
    assert codes(await posture(stage), CONTOSO)[0] == "revoked_but_absent"

    for columns in (80, 160):
        status, out, err = await gatehouse(stage, "posture", columns=columns)
        assert (status, err) == (0, "")
        assert max(map(len, out.splitlines())) <= columns
        assert "ALERT: Revoked earlier, but the tenant has no settings" in " ".join(out.split())
    said = await asked_in_slack(stage, "approver1")
    assert "Revoked earlier, but the tenant has no settings" in said
    assert FABRIKAM in said
    await stage.do("command", user="outsider", text="/partner posture")
    seen = (await stage.see("messages", channel="@outsider", user="outsider"))["messages"]
    assert not [one for one in seen if FABRIKAM in words(one)]


async def test_a_written_plan_is_what_the_approvers_are_then_asked(stage: Stage) -> None:
    """The digest of the file's plan is the one on the card; nothing is stored or written by looking."""
    file = stage.data.parent / "request.toml"
    file.write_text('partner = "contoso.com"\ntemplate = "trusted-partner"\nduration_days = 180\n')
    status, out, err = await gatehouse(stage, "plan", "request.toml", "--json")
    assert (status, err) == (2, ""), err
    plan = json.loads(out)
    assert await stage.writes() == []
    assert await stage.messages() == []
    ts = await stage.ask()

    assert plan["digest"] in await stage.read()
    for finding in plan["findings"]:
        assert finding["text"][:60] in await stage.read()
    status, out, _ = await gatehouse(stage, "plan", "request.toml", columns=120)
    assert status == 1, "another request is open, so this one would be refused"
    assert plan["digest"] in out
    assert "This request would be refused now" in " ".join(out.split())

    for approver in ("approver1", "approver2", "approver3"):
        assert await stage.press(approver, "approve", ts) == []
    status, out, _ = await gatehouse(stage, "plan", "request.toml")
    assert (status, "Nothing to change" in out) == (0, True)
    file.write_text('partner = "nobody.example"\ntemplate = "trusted-partner"\n')
    status, out, err = await gatehouse(stage, "plan", "request.toml")
    assert (status, out) == (1, "")
    assert "partner: No Microsoft Entra tenant has the domain" in err
    await stage.later(200 * DAY)
    document = await posture(stage)
    assert "time_is_over" in codes(document, CONTOSO)
    assert "review_overdue" not in codes(document, CONTOSO), "the end of access asks people, so no review does"
