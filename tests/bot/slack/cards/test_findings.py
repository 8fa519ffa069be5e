"""What Conditional Access means, as each surface shows it: cut inside Slack's limits, complete where it fits."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from bot.slack.cards.findings import MAX_LINES, policy_findings
from bot.slack.flows.decide.views import decision_view
from bot.slack.flows.show.posture import posture_message
from bot.terminal.plan.formats.as_json import plan_json
from bot.terminal.posture.posture_json import posture_json
from bot.words.findings.finding import finding_lines
from tests.bot.surfaces import assert_sound, details, dicts, shown
from tests.bot.surfaces import assert_sound_message as sound_message
from tests.bot.terminal.test_plan import planned, printed
from tests.bot.terminal.test_posture import posture
from tests.bot.terminal.test_posture import printed as posture_printed
from tests.workflows.core.builders import NOW, prepared, request
from tests.workflows.core.checks.conditional_access import test_verdicts
from tests.workflows.core.policies import policy
from workflows.core.checks.conditional_access.application_coverage import ALL
from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.core.checks.conditional_access.findings import access_findings
from workflows.core.checks.conditional_access.questions import VisitorAccess
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.posture.access_concerns import lockout_concerns
from workflows.core.requests.request import AccessRequest

HOSTILE: Final = "<!channel> *bold* [red]x[/red] <https://evil.example|here> "


def report(*policies: dict[str, Any]) -> AccessReport:
    """Evaluate the policies for guests and direct connect users without trust."""
    visitors = (VisitorType.GUEST, VisitorType.DIRECT_CONNECT)
    return test_verdicts.report(
        *policies, entries=tuple(VisitorAccess(visitor=one, applications=(ALL,)) for one in visitors)
    )


MANY: Final = report(*(policy("block", name=f"{number} {HOSTILE}{'x' * 300}") for number in range(200)))


def asked(found: AccessReport) -> AccessRequest:
    """A request with these findings."""
    return replace(request(), prepared=replace(prepared(), findings=access_findings(found)))


@pytest.mark.threats("E2")
def test_two_hundred_hostile_policies_fit_into_card_and_window() -> None:
    card = details(asked(MANY))
    sound_message(card)
    window = decision_view(asked(MANY), history=(), now=NOW)
    assert_sound(window)
    more = sum(len(finding_lines(one)) for one in access_findings(MANY)) - MAX_LINES
    assert f"and {more} more" in shown(window)
    assert f"{request().id}:policies:0" in [
        one["value"] for one in dicts(window) if one.get("action_id") == "show_part"
    ]
    assert policy_findings(()) == []


def test_the_terminal_shows_a_plan_policy_by_policy_and_reads_no_markup() -> None:
    found = report(policy("block", name="[red]Nobody[/red]"))
    text = " ".join(printed(planned(findings=access_findings(found), access=found), width=200).split())
    assert "Locked out: guests and B2B direct connect users, by “[red]Nobody[/red]” (to fix: exclude them" in text
    assert (
        "by “[red]Nobody[/red]” (blocks access). To fix: exclude them, or require another control. This is an estimate."
        in text
    )
    document = json.loads(plan_json(planned(findings=access_findings(found), access=found), "5f" * 32))
    assert document["conditional_access"]["meaning"] == dict.fromkeys(
        ("b2bCollaborationGuest", "b2bDirectConnectUser"), "locked_out"
    )
    assert document["findings"][0]["lines"]


def test_the_posture_says_who_is_locked_out_on_every_surface() -> None:
    found = report(policy("mfa", name="MFA"))
    one = posture({})
    (partner,) = one.partners
    told = replace(
        one, partners=(replace(partner, access=found, concerns=(*lockout_concerns(found), *partner.concerns)),)
    )
    words = "Conditional Access locks out today: B2B direct connect users, by “MFA” (to fix: accept their MFA"
    assert words in " ".join(posture_printed(told, width=200).split())
    assert words in shown(posture_message(told).blocks)
    document = json.loads("".join(posture_json(told)))["partners"][0]
    assert "ca_locked_out" in [concern["code"] for concern in document["concerns"]]
    (direct,) = [one for one in document["conditional_access"]["verdicts"] if one["meaning"] == "locked_out"]
    assert (direct["visitor"], direct["remedies"]) == ("b2bDirectConnectUser", ["accept_mfa", "exclude"])
