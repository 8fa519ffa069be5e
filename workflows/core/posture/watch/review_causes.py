"""Find causes for a review in what is approved: its risk with today's default, and what its template says today.

Pure. What is not known is no cause.
"""

from datetime import datetime
from typing import Final

from workflows.core.errors.raised import DomainError
from workflows.core.partners.approval_policy import is_as_strict
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.closing import only_reduces_access, writes_only_reductions
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_access
from workflows.core.policy.risk import RiskLevel
from workflows.core.policy.template import Template, filled_settings
from workflows.core.posture.current_risk import current_risk
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.canonical import JsonObject

SETTINGS: Final = "settings"
APPROVERS: Final = "approvers"
DURATION: Final = "duration"


def grown_risk(
    plan: Plan, approved_default: JsonObject | None, default: JsonObject | None
) -> tuple[RiskLevel, RiskLevel] | None:
    """Return the risk of all access after a plan as it was approved, and with today's default, if it is higher now.

    :param approved_default: the tenant's default as the approvers saw it; None when it was not known.
    :param default: the default now; None when it is not known.
    """
    if approved_default is None or default is None:
        return None
    before, after = (
        current_risk(plan.configuration_after(), known, is_cross_cloud=plan.is_cross_cloud).level
        for known in (approved_default, default)
    )
    return (before, after) if after > before else None


def approved_risk(request: AccessRequest) -> RiskLevel:
    """Return the risk of all access after an applied request, as its approvers saw it. What was not known counts most.

    Inherited access counts, too.
    """
    plan, default = request.plan, request.require_prepared().observation.default
    return current_risk(plan.configuration_after(), default, is_cross_cloud=plan.is_cross_cloud).level


def stricter_parts(record: Partnership, request: AccessRequest, template: Template, now: datetime) -> tuple[str, ...]:
    """Return in what a changed template is certainly stricter than what was approved by it; empty when in nothing.

    :param request: the request whose plan is applied.
    :param template: the template of that plan, as it is now.
    """
    parts = [SETTINGS] if _gives_less(request, template) else []
    # NB. one approver decides on a reduction, whatever the template's chain says.
    has_chain = bool(record.stages) and not only_reduces_access(request.plan)
    if has_chain and not is_as_strict(record.stages, template.stages):
        parts.append(APPROVERS)
    if record.ends_at is not None and record.ends_at - now > template.longest:
        parts.append(DURATION)
    return tuple(parts)


def _gives_less(request: AccessRequest, template: Template) -> bool:
    """Return whether applying the template now would certainly reduce the approved access, and open nothing."""
    plan = request.plan
    try:
        settings = filled_settings(template, request.fields.placeholders, request.fields.left_out)
        renewed = plan_access(
            tenant_id=plan.tenant_id,
            before=plan.configuration_after(),
            settings=settings,
            template=template.name,
            template_hash=template.content_hash,
            duration=template.longest,
            is_cross_cloud=plan.is_cross_cloud,
        )
    except DomainError:
        return False  # equal, or a value that the template did not ask for then
    return writes_only_reductions(renewed)
