"""Why can't they get in? The command line and Slack answer for a person, in steps, with the first cause."""

import json
from typing import Any

import pytest

from tests.scenarios.stage import Stage
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


async def test_the_command_line_names_the_first_cause_and_who_can_change_it(stage: Stage) -> None:
    status, document = await asked(stage, "Maria@CONTOSO.com")
    print(json.dumps(document, indent=1))
    assert (status, document["first"]) == (4, None)
