"""The card says how risky a plan is, why, and what the checks found, each with its source."""

import json
from dataclasses import replace
from datetime import timedelta

from bot.slack.cards.partner_and_plan import change_elements
from bot.words.plans.changes import ChangeLine
from tests.bot import surfaces
from tests.bot.surfaces import details
from tests.workflows.core.builders import NOW, TENANT, identity, prepared, reduction_plan, request
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.plans.planning import plan_access
from workflows.core.requests.request import AccessRequest, ObservedPartner, RequestKind, RequestState
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.model import (
    AccessType,
    B2BSetting,
    Property,
    Target,
    TargetConfiguration,
    TargetType,
)


def shown(of: AccessRequest) -> str:
    message = details(of)
    texts: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("text"), str):
                texts.append(value["text"])
            for item in value.values():
                collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)

    collect(message.blocks)
    return "".join(texts)


def waiting(*findings: Finding) -> AccessRequest:
    return request(RequestState.AWAITING_APPROVAL, prepared=prepared(findings=findings))


def test_the_risk_is_on_the_card_with_its_reasons_and_what_it_needs() -> None:
    said = shown(waiting())
    assert "Risk of this change: high (needs 3 approvers in at least 2 stages)" in said
    assert "We accept the partner's MFA." in said


def test_a_revocation_has_no_risk_to_weigh() -> None:
    assert "Risk of" not in shown(request(RequestState.APPLYING, RequestKind.REVOCATION))


def test_every_finding_says_its_severity_in_words_and_its_source() -> None:
    findings = [
        Finding(
            code=FindingCode.TEXT,
            severity=severity,
            values={"text": f"About {severity.name}."},
            source="Graph: “A page”",
        )
        for severity in Severity
    ]
    said = shown(waiting(*findings))
    for expected in ("⚠️ Warning: About WARNING. (Graph: “A page”)", "❔ Could not be checked: ", "ℹ️ Note: "):
        assert expected in said


def finding(severity: Severity, text: str, code: FindingCode = FindingCode.TEXT) -> Finding:
    return Finding(code=code, severity=severity, values={"text": text}, source="Graph: “A page”")


def test_findings_are_sorted_by_severity_and_licences_come_last() -> None:
    findings = [
        finding(Severity.NOTE, "Needs a licence.", FindingCode.LICENCE_P1),
        finding(Severity.NOTE, "Some note."),
        finding(Severity.UNCHECKED, "Who may invite could not be checked (no permission)."),
        finding(Severity.WARNING, "First warning."),
        finding(Severity.WARNING, "Second warning."),
        finding(Severity.ERROR, "An error."),
    ]
    said = shown(waiting(*findings))
    order = ["An error.", "First warning.", "Second warning.", "Who may invite", "Some note.", "Needs a licence."]
    places = [said.index(text) for text in order]
    assert places == sorted(places)
    assert "❔ Who may invite could not be checked (no permission)." in said, "and not twice in one line"


def test_a_name_that_the_change_shows_is_not_told_again() -> None:
    application = "5f0a1b2c-0004-4d3e-8f90-a1b2c3d4e5f6"
    only = TargetConfiguration(
        access=AccessType.ALLOWED, targets=(Target(type=TargetType.APPLICATION, id=application),)
    )
    everybody = TargetConfiguration(access=AccessType.ALLOWED, targets=(Target(type=TargetType.USER, id="AllUsers"),))
    plan = plan_access(
        tenant_id=TENANT,
        before=None,
        settings={Property.B2B_COLLABORATION_INBOUND: B2BSetting(users_and_groups=everybody, applications=only)},
        template="contractor-portal",
        template_hash="h",
        duration=timedelta(days=90),
    )
    named = Finding(
        code=FindingCode.TARGETS_NAMED,
        severity=Severity.NOTE,
        values={"targets": [{"kind": "application", "id": application, "name": "Portal"}]},
        source="Graph: “A page”",
    )
    for names, is_told in (({application: "Portal"}, False), ({}, True)):
        known = prepared(plan=plan, findings=(named,), names=names)
        said = shown(request(RequestState.AWAITING_APPROVAL, prepared=known))
        assert ("In this tenant, application" in said) == is_told
        assert "“Portal”" in said


def test_what_is_written_without_changing_anything_does_not_hide_what_changes() -> None:
    def line(name: str, effect: AccessChange) -> ChangeLine:
        return ChangeLine(setting=name, before="a", after="b", access=effect)

    opens, same = line("Inbound", AccessChange.OPENS), line("Outbound", AccessChange.SAME)
    said = surfaces.shown([one.to_dict() for one in change_elements([same, opens, same], "What will change")])
    assert "Inbound: a → b" in said
    assert "Outbound" not in said
    assert "2 settings set explicitly (no effect today)" in said
    assert "Outbound: a → b" in surfaces.shown(
        [one.to_dict() for one in change_elements([same], "What will change")]
    ), "where there is nothing else"


def test_findings_cannot_ping_and_a_flood_of_them_is_counted() -> None:
    nasty = Finding(
        code=FindingCode.TEXT, severity=Severity.WARNING, values={"text": "<!channel> \u202e"}, source="<@U1>"
    )
    message = details(waiting(*[nasty] * 25))
    assert "mrkdwn" not in json.dumps(message.blocks)
    assert "\u202e" not in json.dumps(message.blocks, ensure_ascii=False)
    assert "and 5 more" in shown(waiting(*[nasty] * 25))


def test_the_default_that_was_read_is_used_in_words() -> None:
    known = prepared()
    trust = {"isServiceDefault": True, "inboundTrust": {"isMfaAccepted": False}}
    known = replace(known, observation=replace(known.observation, default=trust))
    said = shown(request(RequestState.AWAITING_APPROVAL, prepared=known))
    assert "Microsoft's default: not trusted" in said


def test_what_narrows_only_against_todays_default_says_why_the_whole_chain_decides() -> None:
    open_door = {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}
    all_apps = {"accessType": "allowed", "targets": [{"target": "AllApplications", "targetType": "application"}]}
    default = {"b2bCollaborationInbound": {"usersAndGroups": open_door, "applications": all_apps}}
    office = TargetConfiguration(
        access=AccessType.ALLOWED, targets=(Target(type=TargetType.APPLICATION, id="Office365"),)
    )
    everybody = TargetConfiguration(access=AccessType.ALLOWED, targets=(Target(type=TargetType.USER, id="AllUsers"),))
    plan = plan_access(
        tenant_id=TENANT,
        before=None,
        settings={Property.B2B_COLLABORATION_INBOUND: B2BSetting(users_and_groups=everybody, applications=office)},
        template="guest-collaboration",
        template_hash="h",
        duration=timedelta(days=90),
    )
    observed = ObservedPartner(identity=identity(), configuration=None, default=default, at=NOW)
    known = prepared(plan=plan, observation=observed)
    said = shown(request(RequestState.AWAITING_APPROVAL, prepared=known))
    assert "With today's default this gives no more access." in said
    assert "the full approval policy applies" in said
    assert "the full approval policy applies" not in shown(waiting())


def test_a_reduction_that_also_extends_says_why_the_whole_chain_decides() -> None:
    plan = reduction_plan(extends=True)
    said = shown(request(RequestState.AWAITING_APPROVAL, prepared=prepared(plan=plan)))
    assert "This reduces access and extends what is left, so the full approval policy applies." in said
    assert "today's default" not in said
    assert "After 90 days, the sponsor is asked." in said
