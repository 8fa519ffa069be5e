"""Requests of the shipped templates as they wait for approval, and how many words a card of theirs has."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from bot.slack.blocks.blocks import Json
from bot.slack.people.approvers import Approvers
from tests.bot.sandbox.page import samples
from tests.workflows.core.builders import NOW, TENANT, particulars, prepared, request
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.people import Role
from workflows.core.plans.planning import plan_access
from workflows.core.policy.approval import ChainRule
from workflows.core.policy.template import Template, filled_settings
from workflows.core.requests.request import AccessRequest, ObservedPartner

NAMES: Final = {
    Role("security"): Approvers(names=("Amara Okafor", "Noor Haddad")),
    Role("data-owner"): Approvers(names=("Bruno Keller", "Chie Tanaka")),
    Role("admin"): Approvers(names=("Dana Whitfield",)),
}
FINDINGS: Final = (
    Finding(
        code=FindingCode.TEXT,
        severity=Severity.WARNING,
        values={"text": "Guests are locked out by one policy."},
        source="Entra",
    ),
    Finding(
        code=FindingCode.TEXT,
        severity=Severity.UNCHECKED,
        values={"text": "The sign-in log could not be checked."},
        source="Graph",
    ),
)


def waiting(template: Template) -> AccessRequest:
    """Return a request for a template that waits for approvals, at a partner without settings of its own."""
    plan = plan_access(
        tenant_id=TENANT,
        before=None,
        settings=filled_settings(template, typed_ids(template)),
        template=template.name,
        template_hash=template.content_hash,
        duration=template.default_duration,
    )
    known = prepared()
    observation = ObservedPartner(
        identity=known.observation.identity, configuration=None, at=NOW, default=samples.default_configuration()
    )
    known = replace(
        known,
        plan=plan,
        observation=observation,
        stages=template.stages,
        chain_rule=ChainRule.TEMPLATE,
        template_title=template.title,
        findings=FINDINGS,
        requester=replace(known.requester, name="Riley Park"),
        sponsor=replace(known.sponsor, name="Sam Whitfield"),
    )
    asked = replace(
        particulars(),
        template=template.name,
        duration=template.default_duration,
        justification="The bridge project needs their engineers in our Teams until the handover in spring.",
    )
    expires = NOW + template.decide_within
    return request(prepared=known, fields=asked, expires_at=expires, lifetime=timedelta(days=14))


def typed_ids(template: Template) -> dict[str, str]:
    """Return an id for each placeholder of a template."""
    return {one.name: f"0a1b2c3d-0000-4000-8000-00000000000{n}" for n, one in enumerate(template.placeholders)}


def words_of(blocks: list[Json]) -> int:
    """Count the words that a reader sees in blocks; signs alone are no words."""
    return sum(any(map(str.isalnum, word)) for text in texts(blocks) for word in text.split())


def texts(node: Any) -> Iterator[str]:
    """List every text that blocks show: of text objects, of rich text, and dates by their fallback."""
    if isinstance(node, list):
        for one in node:
            yield from texts(one)
    elif isinstance(node, Mapping):
        if node.get("type") in ("plain_text", "mrkdwn", "text"):
            yield str(node["text"])
        elif node.get("type") == "date":
            yield str(node.get("fallback", ""))
        for key, value in node.items():
            if key != "confirm":
                yield from texts(value)
