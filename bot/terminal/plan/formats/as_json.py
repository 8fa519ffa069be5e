"""The plan of a written request as JSON with stable keys; documented in docs/plan.md."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from bot.words.findings.conditional_access.report import report_values
from bot.words.findings.finding import finding_lines, finding_words, source_words
from bot.words.plans.changes import describe_changes
from bot.words.plans.consequences import consequence_words
from bot.words.plans.risk import risk_reason_words
from workflows.app.requests.files.plan_from_file import PlannedRequest
from workflows.core.checks.consequences import consequences
from workflows.core.checks.findings import Finding
from workflows.core.plans.plan import Plan
from workflows.core.policy.risk import requirement_of, risk_for_approval, risk_of, risk_of_result
from workflows.core.policy.template import Stage
from workflows.core.settings.canonical import JsonObject

FORMAT: Final = "gatehouse/plan/1"


def plan_json(planned_request: PlannedRequest, sha256: str) -> str:
    """Render a plan.

    :param sha256: the hash of the file.

    Keys are sorted, and everything outside ASCII is escaped, so that hidden characters are visible.
    """
    identity = planned_request.observation.identity
    document: dict[str, Any] = {
        "format": FORMAT,
        "sha256": sha256,
        "tenant": {
            "tenant_id": identity.tenant_id,
            "default_domain": identity.default_domain,
            "display_name": identity.display_name,
            "asked": identity.typed_name,
            "is_resolved": identity.is_resolved,
            "is_partner": planned_request.observation.configuration is not None,
        },
        "template": planned_request.template.name,
        "template_hash": planned_request.template.content_hash,
        "duration_days": planned_request.duration.days,
        "at_end": planned_request.template.at_end.value,
        "on_silence": planned_request.template.on_silence.value,
        "nothing_to_change": planned_request.plan is None,
        "default_read": planned_request.observation.default is not None,
    }
    if planned_request.plan is not None:
        document |= _plan(planned_request, planned_request.plan)
    return json.dumps(document, indent=2, sort_keys=True)


def _plan(planned_request: PlannedRequest, plan: Plan) -> dict[str, Any]:
    return {
        **plan_values(plan, planned_request.observation.default, planned_request.names),
        "conditional_access": report_values(planned_request.access),
        "findings": [finding_values(finding) for finding in planned_request.findings],
        "chain": [stage_values(stage) for stage in planned_request.stages],
    }


def plan_values(plan: Plan, default: JsonObject | None, names: Mapping[str, str]) -> dict[str, Any]:
    """Return what a plan changes, its risk and its operations.

    :param names: the names of the ids in the plan.
    """
    risk, result = risk_of(plan, default), risk_of_result(plan, default)
    level = risk_for_approval(plan, default).level
    need = requirement_of(level)
    return {
        "digest": plan.digest,
        "starts_at": None if plan.starts_at is None else plan.starts_at.isoformat(),
        "changes": [
            {"setting": line.setting, "before": line.before, "after": line.after, "effect": line.access.value}
            for line in describe_changes(plan, default, names)
        ],
        "risk": {
            "level": level.word,
            "reasons": [risk_reason_words(reason) for reason in risk.reasons],
            "reasons_standing": [risk_reason_words(reason) for reason in result.reasons if reason not in risk.reasons],
            "approvers_needed": need.people,
            "stages_needed": need.stages,
        },
        "consequences": [consequence_words(consequence) for consequence in consequences(plan, default)],
        "operations": [
            {"method": operation.method, "path": operation.path, "body": operation.body}
            for operation in plan.operations
        ],
        "before": plan.before,
    }


def finding_values(finding: Finding) -> dict[str, Any]:
    """Return a finding with its words."""
    return {
        "code": finding.code,
        "severity": finding.severity.name.lower(),
        "text": finding_words(finding),
        "source": source_words(finding.source),
        "lines": list(finding_lines(finding)),
        "values": {name: value for name, value in finding.values.items() if name not in ("text", "lines")},
    }


def stage_values(stage: Stage) -> dict[str, Any]:
    """Return a stage. What it does not have is left out."""
    return {name: value for name, value in asdict(stage).items() if value is not None}
