"""The card says how risky a plan is, why, and what the checks found, each with its source."""

import json
from dataclasses import replace

from bot.cards import request_card
from tests.workflows.core.builders import NOW, prepared, request
from workflows.core.findings import Finding, Severity
from workflows.core.request import AccessRequest, RequestKind, RequestState


def shown(of: AccessRequest) -> str:
    message = request_card(of, holders={}, now=NOW)
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


def test_the_risk_stands_on_the_card_with_its_reasons_and_what_it_needs() -> None:
    said = shown(waiting())
    assert "Risk: high (needs 3 approvers in at least 2 stages)" in said
    assert "The partner's MFA counts as ours." in said


def test_a_revocation_has_no_risk_to_weigh() -> None:
    assert "Risk:" not in shown(request(RequestState.APPLYING, RequestKind.REVOCATION))


def test_every_finding_says_its_weight_in_words_and_its_source() -> None:
    findings = [
        Finding(code=severity.name, severity=severity, text=f"About {severity.name}.", source="Graph: “A page”")
        for severity in Severity
    ]
    said = shown(waiting(*findings))
    for expected in ("⚠️ Warning: About WARNING. (Graph: “A page”)", "❔ Could not be checked: ", "ℹ️ Note: "):
        assert expected in said


def test_findings_cannot_ping_and_a_flood_of_them_is_counted() -> None:
    nasty = Finding(code="c", severity=Severity.WARNING, text="<!channel> \u202e", source="<@U1>")
    message = request_card(waiting(*[nasty] * 25), holders={}, now=NOW)
    assert "mrkdwn" not in json.dumps(message.blocks)
    assert "\u202e" not in json.dumps(message.blocks, ensure_ascii=False)
    assert "and 5 more" in shown(waiting(*[nasty] * 25))


def test_the_default_that_was_read_is_used_in_words() -> None:
    known = prepared()
    trust = {"isServiceDefault": True, "inboundTrust": {"isMfaAccepted": False}}
    known = replace(known, observation=replace(known.observation, default=trust))
    said = shown(request(RequestState.AWAITING_APPROVAL, prepared=known))
    assert "inherits: not trusted (Microsoft's default)" in said
