"""The rules for a plan, before anybody is asked: each is violated once, and followed once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.findings.finding import finding_words
from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import TENANT, closed_document
from workflows.core.checks.findings import Finding, FindingCode, PlanBreaksRules, Severity, require_no_errors
from workflows.core.checks.partner_rules import MICROSOFT_SUPPORT, check_partner
from workflows.core.checks.rules import RIGHTS_MANAGEMENT, Circumstances, check_plan
from workflows.core.plans.plan import Operation, Plan
from workflows.core.plans.planning import plan_access
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import (
    BLOCK_ALL,
    AccessType,
    AutomaticRedemption,
    B2BSetting,
    IdentitySynchronization,
    InboundTrust,
    M365CollaborationInbound,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    TargetType,
)

P = Property
GROUP, APP = "00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000b1"
INBOUND, OUTBOUND = P.B2B_COLLABORATION_INBOUND, P.B2B_COLLABORATION_OUTBOUND
DIRECT = P.B2B_DIRECT_CONNECT_INBOUND


def people(access: str, *ids: str) -> TargetConfiguration:
    types = {"AllUsers": TargetType.USER}
    targets = tuple(Target(type=types.get(target, TargetType.GROUP), id=target) for target in ids)
    return TargetConfiguration(access=AccessType(access), targets=targets)


def apps(access: str, *ids: str) -> TargetConfiguration:
    return TargetConfiguration(
        access=AccessType(access), targets=tuple(Target(type=TargetType.APPLICATION, id=target) for target in ids)
    )


def b2b(users: TargetConfiguration | None, applications: TargetConfiguration | None) -> B2BSetting:
    return B2BSetting(users_and_groups=users, applications=applications)


EVERYBODY, NOBODY = people("allowed", "AllUsers"), people("blocked", "AllUsers")
EVERYTHING, NOTHING = apps("allowed", "AllApplications"), apps("blocked", "AllApplications")
OPEN = b2b(EVERYBODY, EVERYTHING)


def plan(settings: dict[Property, Setting], before: JsonObject | None = None) -> Plan:
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings=settings,
        template="t",
        template_hash="h",
        duration=timedelta(days=90),
    )


def found(
    settings: dict[Property, Setting],
    before: JsonObject | None = None,
    *,
    is_cross_cloud: bool = False,
    **around: Any,
) -> dict[str, tuple[Severity, str]]:
    findings = check_plan(replace(plan(settings, before), is_cross_cloud=is_cross_cloud), Circumstances(**around))
    assert all(finding.source and finding_words(finding).endswith(".") for finding in findings)
    return {finding.code: (finding.severity, finding_words(finding)) for finding in findings}


def severities(settings: dict[Property, Setting], before: JsonObject | None = None, **around: Any) -> dict[str, str]:
    return {code: severity.name for code, (severity, _) in found(settings, before, **around).items()}


# --- Lists ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        (b2b(NOBODY, EVERYTHING), "half_a_block"),
        (b2b(EVERYBODY, NOTHING), "half_a_block"),
        (b2b(EVERYBODY, apps("allowed")), "nobody_or_nothing"),
        (b2b(people("allowed"), EVERYTHING), "nobody_or_nothing"),
        (b2b(people("allowed", "AllUsers", GROUP), EVERYTHING), "all_and_some"),
        (b2b(EVERYBODY, apps("allowed", "AllApplications", APP)), "all_and_some"),
    ],
)
@pytest.mark.parametrize("name", [INBOUND, OUTBOUND, DIRECT])
def test_lists_that_contradict_each_other_cannot_be_submitted(name: Property, setting: B2BSetting, code: str) -> None:
    assert severities({name: setting})[code] == "ERROR"


@pytest.mark.parametrize("setting", [OPEN, BLOCK_ALL, None, b2b(EVERYBODY, None), b2b(None, EVERYTHING)])
def test_lists_that_fit_each_other_break_no_rule(setting: Setting) -> None:
    before = None if setting == BLOCK_ALL else closed_document()
    assert "ERROR" not in severities({INBOUND: setting}, before).values()


def test_two_deny_lists_are_a_warning() -> None:
    assert severities({INBOUND: b2b(people("blocked", GROUP), apps("blocked", APP))})["two_deny_lists"] == "WARNING"


def test_people_of_the_partners_directory_cannot_be_checked() -> None:
    named = found({INBOUND: b2b(people("allowed", GROUP), EVERYTHING)})
    assert named["foreign_ids"][0] is Severity.UNCHECKED
    assert "B2B collaboration, inbound" in named["foreign_ids"][1]
    one_sided: dict[Property, Setting] = {
        P.M365_COLLABORATION_INBOUND: M365CollaborationInbound(users=people("allowed", GROUP))
    }
    assert "foreign_ids" in found(one_sided)
    assert "foreign_ids" not in found({OUTBOUND: b2b(people("allowed", GROUP), EVERYTHING)})
    assert "foreign_ids" not in found({INBOUND: OPEN})


def test_only_what_is_written_is_checked() -> None:
    before = {"tenantId": TENANT, INBOUND.value: {"usersAndGroups": {"accessType": "allowed", "targets": []}}}
    assert "ERROR" not in severities({OUTBOUND: OPEN}, before).values()


def test_what_cannot_be_read_is_not_checked() -> None:
    body = {INBOUND.value: 7, "novelty": 1}
    operation = Operation(method="PATCH", path="/p", body=body)
    odd = Plan(tenant_id=TENANT, operations=(operation,), before={}, template="t", template_hash="", duration=None)
    assert check_plan(odd, Circumstances()) == ()


# --- Direct connect, synchronization, other clouds ------------------------------------------------------------------

TRUST: dict[Property, Setting] = {P.INBOUND_TRUST: InboundTrust(mfa=True)}
DEFAULT_TRUST = {"inboundTrust": {"isMfaAccepted": True}}


@pytest.mark.parametrize(
    ("settings", "around", "severity"),
    [
        ({DIRECT: OPEN}, {"asks_guests_for_mfa": True}, "ERROR"),
        ({DIRECT: OPEN}, {"asks_guests_for_mfa": None}, "UNCHECKED"),
        ({DIRECT: OPEN}, {"asks_guests_for_mfa": False}, None),
        ({DIRECT: OPEN, **TRUST}, {"asks_guests_for_mfa": True}, None),
        ({DIRECT: OPEN}, {"asks_guests_for_mfa": True, "default": DEFAULT_TRUST}, None),
        ({DIRECT: BLOCK_ALL}, {"asks_guests_for_mfa": True}, None),
        (TRUST, {"asks_guests_for_mfa": True}, None),
    ],
)
def test_direct_connect_needs_mfa_trust_where_mfa_is_asked_for(
    settings: dict[Property, Setting], around: dict[str, Any], severity: str | None
) -> None:
    """The articles say that direct connect has no trust settings; it has, and it needs them."""
    assert severities(settings, **around).get("direct_connect_without_trust") == severity


SYNC: dict[Property, Setting] = {P.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=True)}
ON, OFF = AutomaticRedemption(inbound=True), AutomaticRedemption(inbound=False)
SYNCHRONIZING = {"tenantId": TENANT, "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}


@pytest.mark.parametrize(
    ("settings", "before", "is_broken"),
    [
        (SYNC, None, True),
        ({**SYNC, P.AUTOMATIC_REDEMPTION: ON}, None, False),
        (SYNC, {"tenantId": TENANT, "automaticUserConsentSettings": {"inboundAllowed": True}}, False),
        ({P.AUTOMATIC_REDEMPTION: OFF}, SYNCHRONIZING, True),
        ({INBOUND: OPEN}, SYNCHRONIZING, False),
    ],
)
def test_synchronization_requires_automatic_redemption(
    settings: dict[Property, Setting], before: JsonObject | None, is_broken: bool
) -> None:
    assert ("synchronization_without_redemption" in severities(settings, before)) is is_broken


def test_another_cloud_has_no_direct_connect_and_a_warning_of_its_own() -> None:
    abroad = severities({DIRECT: OPEN}, is_cross_cloud=True)
    assert abroad["cross_cloud_direct_connect"] == "ERROR"
    assert severities({INBOUND: OPEN}, is_cross_cloud=True)["cross_cloud"] == "WARNING"
    assert "cross_cloud_direct_connect" not in severities({DIRECT: BLOCK_ALL}, is_cross_cloud=True)
    assert "cross_cloud" not in severities({INBOUND: OPEN})


# --- Encrypted mail, licences ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "warns"),
    [
        (b2b(EVERYBODY, apps("allowed", APP)), True),
        (b2b(people("allowed", GROUP), apps("allowed", APP)), True),
        (b2b(EVERYBODY, apps("allowed", APP, RIGHTS_MANAGEMENT)), False),
        (b2b(EVERYBODY, apps("blocked", RIGHTS_MANAGEMENT)), True),
        (OPEN, False),
        (BLOCK_ALL, False),
    ],
)
def test_leaving_out_rights_management_outbound_is_a_warning(setting: B2BSetting, warns: bool) -> None:
    assert ("encrypted_mail" in severities({OUTBOUND: setting})) is warns
    assert "encrypted_mail" not in severities({INBOUND: setting})


def test_licences_are_a_note_where_they_are_needed() -> None:
    assert severities({INBOUND: b2b(EVERYBODY, apps("allowed", APP))})["licence_p1"] == "NOTE"
    assert severities(TRUST)["licence_p1"] == "NOTE"
    assert severities({DIRECT: OPEN, **TRUST})["licence_p1_both"] == "NOTE"
    assert severities({INBOUND: OPEN}) == {}
    assert severities({P.INBOUND_TRUST: InboundTrust(mfa=False)}) == {}


# --- The partner itself ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tenant_id", "configuration", "expected"),
    [
        (MICROSOFT_SUPPORT, None, {"microsoft_support": Severity.ERROR}),
        (TENANT, {"isServiceProvider": True}, {"service_provider": Severity.ERROR}),
        (TENANT, {"isInMultiTenantOrganization": True}, {"multi_tenant_organization": Severity.WARNING}),
        (TENANT, {"isServiceProvider": False, "isInMultiTenantOrganization": None}, {}),
        (TENANT, None, {}),
    ],
)
def test_some_tenants_are_no_partners_or_somebody_elses_too(
    tenant_id: str, configuration: JsonObject | None, expected: dict[str, Severity]
) -> None:
    assert {f.code: f.severity for f in check_partner(tenant_id, configuration)} == expected


# --- What comes of a finding ----------------------------------------------------------------------------------------


def finding(code: FindingCode, severity: Severity) -> Finding:
    return Finding(code=code, severity=severity, values={"text": f"About {code}."}, source="Graph: “A page”")


def test_an_error_makes_a_request_unfit_and_says_why_with_its_source() -> None:
    first, second = FindingCode.HALF_A_BLOCK, FindingCode.ALL_AND_SOME
    errors = [finding(first, Severity.ERROR), finding(second, Severity.ERROR), finding(first, Severity.NOTE)]
    with pytest.raises(PlanBreaksRules) as caught:
        require_no_errors(errors, "template")
    assert (caught.value.field, caught.value.code) == ("template", "half_a_block")
    assert caught.value.errors == tuple(errors[:2])
    assert refusal_words(caught.value) == "About half_a_block. (Graph: “A page”) About all_and_some. (Graph: “A page”)"


def test_everything_else_passes() -> None:
    others = tuple(finding(FindingCode.TEXT, severity) for severity in Severity if severity is not Severity.ERROR)
    assert require_no_errors(iter(others), "template") == others


def test_errors_stand_first() -> None:
    settings: dict[Property, Setting] = {
        INBOUND: b2b(people("blocked", GROUP), apps("blocked", APP)),
        **SYNC,
        P.INBOUND_TRUST: InboundTrust(mfa=True),
    }
    listed = [finding.severity for finding in check_plan(plan(settings), Circumstances())]
    assert listed == [Severity.ERROR, Severity.WARNING, Severity.UNCHECKED, Severity.NOTE]
