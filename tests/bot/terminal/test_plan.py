"""A plan in the terminal and as JSON: the same facts as an approver's card, nothing from outside is markup."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from rich.console import Console

from bot.terminal.plan.formats.as_json import FORMAT, plan_json
from bot.terminal.plan.formats.printed import print_plan
from bot.words.plans.consequences import consequence_words
from tests.bot.surfaces import hostile, hostile_identity
from tests.workflows.core.builders import NOW, STAGES, TENANT, identity
from tests.workflows.core.posture.test_posture import ALL, MICROSOFTS
from tests.workflows.world import CATALOG
from workflows.app.requests.files.plan_from_file import PlannedRequest
from workflows.app.requests.proposing import access_plan
from workflows.core.checks.consequences import Consequence, consequences
from workflows.core.checks.findings import Finding, FindingCode, Severity, Source
from workflows.core.plans.plan import TenantIdentity
from workflows.core.policy.template import filled_settings
from workflows.core.requests.request import ObservedPartner
from workflows.core.settings.canonical import JsonObject

SHA256: Final = "5f" * 32
FINDINGS: Final = tuple(
    Finding(code=FindingCode.TEXT, severity=one, values={"text": f"About {one.name}."}, source="A page")
    for one in Severity
)


def planned(template: str = "merger", before: JsonObject | None = None, **changes: Any) -> PlannedRequest:
    """The plan of a shipped template for Contoso."""
    chosen = CATALOG.templates[template]
    assert filled_settings(chosen, {})
    observation = ObservedPartner(identity=identity(), configuration=before, default=MICROSOFTS, at=NOW)
    plan = access_plan(observation, chosen, timedelta(days=180), record=None, now=NOW)
    usual: dict[str, Any] = {
        "observation": observation,
        "template": chosen,
        "duration": timedelta(days=180),
        "plan": plan,
        "digest": plan.digest,
        "stages": STAGES,
        "findings": FINDINGS,
    }
    return PlannedRequest(**{**usual, **changes})


def printed(one: PlannedRequest, width: int = 80, *, is_terminal: bool = False) -> str:
    """What a terminal of this width shows."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, highlight=False, emoji=False, markup=False, force_terminal=is_terminal, no_color=False
    )
    print_plan(one, SHA256, console)
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 120, 160])
def test_everything_that_an_approver_sees_is_there(width: int) -> None:
    text = printed(planned(), width)
    joined = " ".join(text.split())
    for words in (
        "Partner contoso.com",
        TENANT,
        "Display name Contoso Ltd (not verified)",
        "Duration 180 days",
        "Risk of this change: high (needs 3 approvers in at least 2 stages)",
        "WARNING: About WARNING. (A page)",
        "COULD NOT BE CHECKED: About UNCHECKED.",
        "1. Security: 1 person with the role security",
        "2. Data owners: 2 people with the role data-owner",
        '"path": "/policies/crossTenantAccessPolicy/partners"',
        "Nothing was stored, nobody was asked",
        planned().digest or "-",
    ):
        assert words in joined, words


def test_only_the_operations_may_be_wider_than_the_terminal() -> None:
    """They are to be copied; a digest broken in two is none."""
    before, _, after = printed(planned(), 80).partition("The exact Microsoft Graph operations")
    assert max(map(len, before.splitlines())) <= 80
    operations = after.partition("Change ID")[0]
    assert [one["method"] for one in json.loads(operations)] == ["POST"]


def test_a_terminal_gets_colours_and_the_same_words() -> None:
    text = printed(planned(), 160, is_terminal=True)
    assert "\x1b[" in text
    assert '"method"' in text


def test_a_narrowing_says_that_one_is_enough() -> None:
    text = printed(planned("block", {"tenantId": TENANT, "b2bCollaborationInbound": ALL}, stages=STAGES[:1]))
    assert "one approver is enough" in text


def test_nothing_to_change_is_said() -> None:
    text = printed(planned(plan=None, digest=None, stages=(), findings=()))
    assert "Nothing to change" in text
    assert "Risk" not in text
    document = json.loads(plan_json(planned(plan=None, digest=None, stages=(), findings=()), SHA256))
    assert document["nothing_to_change"] is True
    assert "operations" not in document


def test_without_findings_there_is_no_heading_for_them() -> None:
    assert "Checks" not in printed(planned(findings=()))


def test_a_tenant_of_another_cloud_is_not_confirmed() -> None:
    other = TenantIdentity(
        tenant_id=TENANT, display_name=TENANT, default_domain="", typed_name=TENANT, is_resolved=False
    )
    observation = ObservedPartner(identity=other, configuration=None, default=MICROSOFTS, at=NOW)
    template = CATALOG.templates["guest-collaboration"]
    plan = access_plan(observation, template, timedelta(days=90), record=None, now=NOW)
    text = printed(planned(template.name, observation=observation, plan=plan))
    assert "Entra does not know this tenant ID" in text
    assert "another Microsoft cloud" in text


def test_the_json_has_stable_sorted_keys() -> None:
    document = json.loads(plan_json(planned(), SHA256))
    assert (
        list(document)
        == sorted(document)
        == [
            "at_end",
            "before",
            "chain",
            "changes",
            "conditional_access",
            "consequences",
            "default_read",
            "digest",
            "duration_days",
            "findings",
            "format",
            "nothing_to_change",
            "on_silence",
            "operations",
            "risk",
            "sha256",
            "starts_at",
            "template",
            "template_hash",
            "tenant",
        ]
    )
    assert document["format"] == FORMAT
    assert document["chain"][0] == {"title": "Security", "role": "security", "quorum": 1}
    assert document["risk"]["approvers_needed"] == 3
    assert document["findings"][0]["severity"] == "error"
    assert document["operations"][0]["method"] == "POST"


def test_a_finding_in_json_has_its_words_and_its_values() -> None:
    finding = Finding(
        code=FindingCode.HALF_A_BLOCK,
        severity=Severity.ERROR,
        values={"setting": "b2bCollaborationInbound"},
        source=Source.RECORDS,
    )
    assert json.loads(plan_json(planned(findings=(finding,)), SHA256))["findings"] == [
        {
            "code": "half_a_block",
            "severity": "error",
            "text": "B2B collaboration, inbound: block all people and all applications together, or neither of them.",
            "source": "Gatehouse's records",
            "lines": [],
            "values": {"setting": "b2bCollaborationInbound"},
        }
    ]


@given(hostile)
@settings(max_examples=30, deadline=None)
def test_names_from_outside_are_no_markup_and_no_control(text: str) -> None:
    value = f"[red]{text}[/red]".encode(errors="replace").decode()
    before = {"tenantId": TENANT, "inboundTrust": {value: value}}
    one = planned(before=before)
    observation = ObservedPartner(
        identity=hostile_identity(f"[red]{text}[/red]"), configuration=before, default=MICROSOFTS, at=NOW
    )
    one = planned(before=before, observation=observation)
    said = printed(one, 120)
    assert not {character for character in said if ord(character) < 32 and character != "\n"}
    assert "\u202e" not in said
    assert "[red]" in said
    assert plan_json(one, SHA256).isascii()


def test_what_is_left_to_a_partner_of_another_cloud_is_counted_as_on_its_card() -> None:
    other = TenantIdentity(
        tenant_id=TENANT, display_name=TENANT, default_domain="", typed_name=TENANT, is_resolved=False
    )
    template = CATALOG.templates["guest-collaboration"]
    observation = ObservedPartner(identity=other, configuration=None, default=MICROSOFTS, at=NOW)
    plan = access_plan(observation, template, timedelta(days=90), record=None, now=NOW)
    one = planned(template.name, observation=observation, plan=plan)
    fact = next(one for one in consequences(plan, MICROSOFTS) if one.code == Consequence.PARTNER_STEPS)
    assert fact not in consequences(replace(plan, is_cross_cloud=False), MICROSOFTS)
    expected = consequence_words(fact)
    assert expected.startswith("Partner setup: 1 step")
    assert expected in json.loads(plan_json(one, SHA256))["consequences"]
    assert expected in " ".join(printed(one, 200).split())
