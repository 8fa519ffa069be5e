"""Why can't they get in? The command line and Slack answer for a person, in steps, with the first cause."""

import json
from typing import Any

import pytest

from tests.scenarios.stage import CONTOSO, Stage, words
from tests.scenarios.test_posture import gatehouse

pytestmark = pytest.mark.story

BLOCKED: dict[str, Any] = {
    "usersAndGroups": {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "blocked", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}
STEPS = [
    *("home", "our_settings", "their_settings", "account", "invitations"),
    *("conditional_access", "sharing", "sign_ins"),
]


async def asked(stage: Stage, *words: str) -> tuple[int | None, dict[str, Any]]:
    """Ask the command line, as JSON."""
    status, out, err = await gatehouse(stage, "diagnose", *words, "--json")
    assert out, err
    document: dict[str, Any] = json.loads(out)
    assert [step["step"] for step in document["steps"]] == STEPS, "always the same steps in the same order"
    return status, document


def results(document: dict[str, Any]) -> dict[str, str]:
    return {step["step"]: step["result"] for step in document["steps"]}


async def plant(stage: Stage, **objects: Any) -> None:
    """Change the tenant from outside."""
    await stage.call("PATCH", "graph/state", objects)


async def asked_in_slack(stage: Stage, user: str, words_: str) -> str:
    """What `/partner diagnose` answers to one person, and to nobody else."""
    answer = await stage.do("command", user=user, text=f"/partner diagnose {words_}")
    await stage.rest()
    found = (await stage.see("messages", channel="partner-access", user=user))["messages"]
    return words([*answer["ephemeral"], *(one for one in found if one.get("is_ephemeral"))][-1])


async def test_the_command_line_names_the_first_cause_and_who_can_change_it(stage: Stage) -> None:
    """Nothing is known to stop Maria. Then two causes are planted, and one is taken away after the other."""
    status, document = await asked(stage, "Maria@CONTOSO.com")
    assert (status, document["first"]) == (4, None)
    assert results(document)["their_settings"] == "not_known"
    assert "mfa_here" in json.dumps(document), "the same page says why they are asked for MFA twice"

    await plant(stage, partners={CONTOSO: {"b2bCollaborationInbound": BLOCKED}})
    await plant(stage, sharepointSettings={"sharingCapability": "disabled"})
    status, document = await asked(stage, "maria@contoso.com")
    assert (status, document["first"]["cause"]["code"], document["first"]["action"]) == (3, "blocked", "request_access")
    assert results(document)["sharing"] == "stops", "the steps after it still run"

    await plant(stage, partners={CONTOSO: {"b2bCollaborationInbound": None}})
    _, document = await asked(stage, "maria@contoso.com")
    assert document["first"]["cause"]["code"] == "sharing_off"

    _, document = await asked(stage, "nobody+new@contoso.com", "Contractor portal")
    assert (document["first"]["cause"]["code"], document["application"]) == ("no_account", "Contractor portal")
    assert results(document)["invitations"] == "not_readable"
    _, document = await asked(stage, "maria@contoso.com", "No such application")
    assert document["first"]["cause"]["code"] == "application_not_ours"

    for columns in (80, 160):
        status, out, err = await gatehouse(stage, "diagnose", "maria@contoso.com", columns=columns)
        assert (status, err) == (3, "")
        assert max(map(len, out.splitlines())) <= columns
        assert "Can change it: A SharePoint admin of our tenant." in out


async def test_logs_that_are_refused_or_empty_stay_unknown(stage: Stage) -> None:
    """An error of the person is explained with Microsoft's code; without the log, the step says where to look."""
    state = (await stage.see("graph/state"))["state"]
    first = next(one for one in state["signIns"] if one["userPrincipalName"] == "maria@contoso.com")
    failed = {**first, "id": "failed"}
    failed["status"] = {"errorCode": 65001, "failureReason": "Other.", "additionalDetails": None}
    await plant(stage, signIns=[failed])
    _, document = await asked(stage, "maria@contoso.com")
    assert document["first"]["cause"]["values"]["code"] == 65001
    await plant(stage, signIns=[])
    _, document = await asked(stage, "maria@contoso.com")
    assert (document["first"], results(document)["sign_ins"]) == (None, "not_known"), document["steps"][-1]["notes"]
    await stage.do("faults", target="graph", match="auditLogs/signIns", times=100, status=403)
    _, document = await asked(stage, "maria@contoso.com")
    assert (document["first"], results(document)["sign_ins"]) == (None, "not_readable")


async def test_in_slack_admins_see_the_steps_and_everybody_else_learns_nothing(stage: Stage) -> None:
    await plant(stage, partners={CONTOSO: {"b2bCollaborationInbound": BLOCKED}})
    said = await asked_in_slack(stage, "admin", "maria@contoso.com")
    assert "Our settings do not let in people of this partner" in said
    assert "/partner request contoso.com" in said
    assert "Sign-in errors" in said
    asked_about = ("maria@contoso.com", "a@nowhere.example.com", "contoso.com", "not-a-name")
    refusals = {await asked_in_slack(stage, "requester", name) for name in asked_about}
    (refused,) = refusals
    assert "Only admins and the help desk can ask this" in refused
