"""What a request replaces in a live partner's record, and which approvals that needs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.core.builders import NOW, SECURITY, STAGES, TENANT, access_plan, closed_document, partnership
from tests.workflows.core.settings.test_capabilities import shown
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.checks.findings import Finding, FindingCode, PlanBreaksRules, Severity, Source
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.replacement import (
    adoption_replacement_findings,
    replacement_findings,
    require_capabilities_read,
    with_end_of_capabilities,
)
from workflows.core.plans.plan import AtEnd, Plan
from workflows.core.plans.planning import plan_revocation
from workflows.core.plans.renewal import plan_renewal
from workflows.core.policy.template import Stage, Template
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import Capabilities, Property

DAY = timedelta(days=1)
ONE = (Stage(title="Security", role=SECURITY, quorum=1),)
TRUSTED: Template = replace(
    load_catalog(SHIPPED).templates["trusted-partner"], title="Trusted partner", stages=ONE, review_interval=30 * DAY
)
OTHER = replace(TRUSTED, name="office-apps", title="Office apps", review_interval=60 * DAY)
OPENING = access_plan(closed_document())


def found(
    known: Partnership | None, template: Template = TRUSTED, *, plan: Plan = OPENING, stages: Sequence[Stage] = ONE
) -> tuple[Finding, ...]:
    """The findings on a plan of 90 days that is made one day after the partner was opened."""
    return replacement_findings(known, plan, template, tuple(stages), 90 * DAY, NOW + DAY)


def test_the_same_template_under_its_own_chain_replaces_nothing() -> None:
    assert found(partnership()) == ()


@pytest.mark.parametrize(
    ("changes", "ends_at", "days"),
    [({}, (NOW + 90 * DAY).isoformat(), 30), ({"ends_at": None, "review_interval": None}, None, None)],
)
def test_another_template_is_named_with_its_end_and_its_reviews_before_and_after(
    changes: dict[str, Any], ends_at: str | None, days: int | None
) -> None:
    assert found(partnership(**changes), OTHER) == (
        Finding(
            code=FindingCode.REPLACES_TEMPLATE,
            severity=Severity.WARNING,
            source=Source.RECORDS,
            values={
                "before": {"title": "Trusted partner", "ends_at": ends_at, "review_days": days},
                "after": {"title": "Office apps", "ends_at": (NOW + 91 * DAY).isoformat(), "review_days": 60},
            },
        ),
    )


def test_an_adoption_of_settings_of_no_template_says_what_it_replaces() -> None:
    known = partnership(at_end=AtEnd.BLOCK)
    (finding,) = adoption_replacement_findings(known, OPENING, TRUSTED, 180 * DAY, NOW)
    assert (finding.code, finding.values) == (
        FindingCode.REPLACES_TEMPLATE,
        {
            "before": {
                "title": "Trusted partner",
                "ends_at": (NOW + 90 * DAY).isoformat(),
                "review_days": 30,
                "at_end": "block",
            },
            "after": {"title": "", "ends_at": (NOW + 180 * DAY).isoformat(), "review_days": 30, "at_end": "ask"},
        },
    )
    for gone in (None, partnership(state=PartnershipState.REVOKED)):
        assert adoption_replacement_findings(gone, OPENING, TRUSTED, 180 * DAY, NOW) == ()


def test_a_chain_that_is_stricter_than_the_templates_is_explained() -> None:
    assert found(partnership(), stages=STAGES) == (
        Finding(
            code=FindingCode.KEEPS_APPROVAL_POLICY,
            severity=Severity.NOTE,
            source=Source.RECORDS,
            values={
                "template": "Trusted partner",
                "alone": [{"title": "Security", "quorum": 1}],
                "needed": [{"title": "Security", "quorum": 1}, {"title": "Data owners", "quorum": 2}],
            },
        ),
    )


def test_a_chain_that_is_not_as_strict_as_the_templates_keeps_nothing() -> None:
    assert found(partnership(), replace(TRUSTED, stages=STAGES), stages=ONE) == ()


@pytest.mark.parametrize("known", [None, partnership(state=PartnershipState.REVOKED)], ids=["none", "revoked"])
def test_without_a_live_partner_nothing_is_replaced(known: Partnership | None) -> None:
    assert found(known, OTHER, stages=STAGES) == ()


def test_a_plan_that_only_reduces_access_keeps_the_whole_record() -> None:
    closing = plan_revocation(tenant_id=TENANT, default={}, before={"tenantId": TENANT})
    assert found(partnership(), OTHER, plan=closing, stages=STAGES) == ()


CALENDAR = load_catalog(SHIPPED).templates["calendar-sharing"]
WITH_CALENDAR = {"tenantId": TENANT, "m365Capabilities": [shown()]}


@pytest.mark.parametrize(
    ("known", "template", "configuration", "ends"),
    [
        (partnership(template="calendar-sharing"), TRUSTED, WITH_CALENDAR, True),
        (partnership(template="trusted-partner"), TRUSTED, WITH_CALENDAR, True),
        (partnership(template=""), TRUSTED, WITH_CALENDAR, True),
        (
            partnership(),
            TRUSTED,
            {"tenantId": TENANT, "m365Capabilities": [shown(is_allowed=False)]},
            False,
        ),
        (partnership(template="calendar-sharing", state=PartnershipState.REVOKED), TRUSTED, WITH_CALENDAR, False),
        (None, TRUSTED, WITH_CALENDAR, False),
        (partnership(template="other"), CALENDAR, WITH_CALENDAR, False),
        (partnership(template="calendar-sharing"), TRUSTED, {"tenantId": TENANT, "m365Capabilities": []}, False),
        (partnership(template="calendar-sharing"), TRUSTED, None, False),
    ],
)
def test_a_template_without_capabilities_ends_those_that_stand(
    known: Partnership | None, template: Template, configuration: JsonObject | None, ends: bool
) -> None:
    settings = with_end_of_capabilities(template.settings, template, known, configuration)
    if not ends:
        assert settings == template.settings
        return
    assert settings == {**template.settings, Property.M365_CAPABILITIES: Capabilities(items=())}


def test_nothing_else_is_approved_while_approved_capabilities_are_not_read() -> None:
    def planned(before: JsonObject) -> Plan:
        return plan_renewal(tenant_id=TENANT, before=before, template="x", template_hash="", duration=timedelta(days=9))

    approved, unread = planned(WITH_CALENDAR), planned({"tenantId": TENANT})
    with pytest.raises(PlanBreaksRules):
        require_capabilities_read(partnership(), approved, unread)
    require_capabilities_read(partnership(), approved, approved)
    require_capabilities_read(partnership(), None, unread)
    require_capabilities_read(partnership(), unread, unread)
    require_capabilities_read(partnership(state=PartnershipState.REVOKED), approved, unread)
    closing = plan_revocation(tenant_id=TENANT, default={}, before={"tenantId": TENANT})
    require_capabilities_read(partnership(), approved, closing)
