"""The shipped templates: what each writes is valid and consistent, and is what its page says."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.words.findings.finding import finding_words
from bot.words.plans.risk import risk_level_words, risk_reason_words
from tests.workflows.core.builders import TENANT, closed_document
from tests.workflows.core.settings import test_undocumented_members
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.checks.findings import FindingCode, Severity
from workflows.core.checks.rules import Circumstances, check_plan
from workflows.core.plans.closing import closes_everything
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access
from workflows.core.policy.risk import RiskLevel, risk_of_settings
from workflows.core.policy.template import Template, filled_settings
from workflows.core.settings.id_owner import Owner
from workflows.core.settings.model import FLAGS, InboundTrust, Property

CATALOG = load_catalog(SHIPPED)
PAGES = Path(__file__).parents[3] / "docs" / "templates"
OPEN: dict[str, Any] = {
    "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
    "applications": {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]},
}
MICROSOFT: dict[str, Any] = {
    "isServiceDefault": True,
    "b2bCollaborationInbound": OPEN,
    "b2bCollaborationOutbound": OPEN,
    "inboundTrust": dict.fromkeys(FLAGS[Property.INBOUND_TRUST].values(), False),
}
"""Microsoft's own default, as far as the rules look at it."""

every_template = pytest.mark.parametrize("template", CATALOG.templates.values(), ids=lambda template: template.name)


def plan_of(template: Template, before: dict[str, Any] | None = None) -> Plan:
    """What a request of this template writes."""
    ids = {
        placeholder.name: f"1b4f7c2e-0a5d-4f3b-9c61-{number:012d}"
        for number, placeholder in enumerate(template.placeholders, 1)
    }
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings=filled_settings(template, ids),
        template=template.name,
        template_hash=template.content_hash,
        duration=template.durations[-1],
    )


@every_template
@pytest.mark.parametrize("before", [None, {"tenantId": TENANT}, closed_document()], ids=["new", "bare", "closed"])
def test_what_it_writes_is_what_graph_takes(template: Template, before: dict[str, Any] | None) -> None:
    if template.name == "block" and before == closed_document():
        return  # there is nothing left to write
    for operation in plan_of(template, before).operations:
        assert test_undocumented_members.problems(operation) == []


@every_template
@pytest.mark.parametrize("default", [MICROSOFT, None, closed_document()], ids=["Microsoft's", "unknown", "closed"])
def test_no_rule_has_an_error_against_it(template: Template, default: dict[str, Any] | None) -> None:
    default = None if default is None else {**default, "m365Capabilities": []}
    circumstances = Circumstances(default=default, asks_guests_for_mfa=True)
    found = check_plan(plan_of(template), circumstances)
    needs_capabilities = Property.M365_CAPABILITIES in template.settings and default is None
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    expected = [FindingCode.CAPABILITIES_UNAVAILABLE] if needs_capabilities else []
    assert [finding.code for finding in errors] == expected, [finding_words(finding) for finding in errors]


@every_template
def test_nothing_is_left_open_once_it_is_filled_in(template: Template) -> None:
    sent = json.dumps([operation.body for operation in plan_of(template).operations])
    assert not re.search(r"\{[a-z_]+\}", sent)


@every_template
def test_trust_is_named_flag_by_flag_or_not_at_all(template: Template) -> None:
    """A flag left out inherits the default's, which may trust everybody; the trusted partner leaves one alone.

    Who only sees calendars does not sign in here, so that no claim of theirs counts.
    """
    if template.name == "calendar-sharing":
        assert template.settings.keys() == {Property.M365_COLLABORATION_INBOUND, Property.M365_CAPABILITIES}
        return
    trust = template.settings.get(Property.INBOUND_TRUST)
    assert isinstance(trust, InboundTrust)
    flags = (trust.mfa, trust.compliant_device, trust.hybrid_joined_device)
    assert (None in flags) is (template.name == "trusted-partner")


@every_template
def test_its_page_says_what_is_computed(template: Template) -> None:
    page = (PAGES / f"{template.name}.md").read_text(encoding="utf-8")
    risk = risk_of_settings(template.settings, template.durations[-1])
    assert page.startswith(f"# {template.title}\n\n`{template.name}`\n")
    assert f"\nRisk: **{risk_level_words(risk.level)}**" in page
    listed = re.search(r"Risk: \*\*.*?\n\n((?:- .*\n)*)", page)
    assert listed is not None
    assert tuple(line.removeprefix("- ") for line in listed[1].splitlines()) == tuple(
        risk_reason_words(reason) for reason in risk.reasons
    )
    chain = ", then ".join(f"{stage.title.lower()} ({stage.quorum})" for stage in template.stages)
    assert f"| Approved by | {chain} |" in page
    assert f"| Reviewed every | {template.review_interval.days} days |" in page
    attested = template.attest_mfa_for
    attests = "" if attested is None else f"| Sponsor attests the partner's MFA | for {attested.days} days |"
    assert attests in page
    assert ("attests" in page) is (attested is not None)
    assert f"| Lasts at most | {template.durations[-1].days} days |" in page
    for placeholder in template.placeholders:
        whose = "an ID of theirs" if placeholder.owner is Owner.THEIRS else "an ID of yours"
        assert f"{placeholder.label} ({whose})" in page
    assert f"(templates/{template.name}.md)" in (PAGES.parent / "templates.md").read_text(encoding="utf-8")


@every_template
def test_who_keeps_a_partner_whose_mfa_is_accepted_attests_that_it_is_enforced(template: Template) -> None:
    trust = template.settings.get(Property.INBOUND_TRUST)
    accepts_mfa = isinstance(trust, InboundTrust) and trust.mfa is True
    assert (template.attest_mfa_for == timedelta(days=180)) is accepts_mfa


def test_a_template_that_was_removed_asks_for_an_attestation() -> None:
    """It may have accepted the partner's MFA."""
    assert CATALOG.attest_mfa_for("removed") == timedelta(days=180)


def test_every_page_has_its_template() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == set(CATALOG.templates)


def test_the_more_a_template_lets_in_the_more_people_agree() -> None:
    levels = {
        name: risk_of_settings(template.settings, template.durations[-1]).level
        for name, template in CATALOG.templates.items()
    }
    assert levels == {
        "block": RiskLevel.LOW,
        "contractor-portal": RiskLevel.LOW,
        "guest-collaboration": RiskLevel.LOW,
        "calendar-sharing": RiskLevel.ELEVATED,
        "regulated-project": RiskLevel.ELEVATED,
        "teams-shared-channels": RiskLevel.ELEVATED,
        "merger": RiskLevel.HIGH,
        "subsidiary-synchronization": RiskLevel.HIGH,
        "trusted-partner": RiskLevel.HIGH,
    }


def test_a_contractor_is_reviewed_sooner_than_a_guest_and_lasts_less() -> None:
    guest, contractor = CATALOG.templates["guest-collaboration"], CATALOG.templates["contractor-portal"]
    assert contractor.review_interval < guest.review_interval
    assert contractor.durations[-1] < guest.durations[-1] <= timedelta(days=365)


def test_block_closes_everything() -> None:
    synchronized = {"tenantId": TENANT, "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}
    assert closes_everything(plan_of(CATALOG.templates["block"]))
    assert closes_everything(plan_of(CATALOG.templates["block"], synchronized))


def test_data_owners_decide_wherever_the_risk_is_not_low() -> None:
    asked = {name for name, one in CATALOG.templates.items() if "data-owner" in [stage.role for stage in one.stages]}
    low = {
        name
        for name, template in CATALOG.templates.items()
        if risk_of_settings(template.settings, template.durations[-1]).level is RiskLevel.LOW
    }
    assert low == {"block", "contractor-portal", "guest-collaboration"}
    assert asked == CATALOG.templates.keys() - low
