"""The risk of the current settings: the risk of a plan that leads to them from a completely closed partner.

A boundary: the posture takes the rules of risk from here only.
"""

from workflows.core.plans.plan import Plan
from workflows.core.plans.renewal import plan_from
from workflows.core.policy.risk import Risk, RiskLevel, risk_of
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId


def current_risk(
    tenant_id: TenantId, configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool = False
) -> Risk:
    """Compute the risk of a partner's current settings, inherited ones included.

    Unknown access counts as open, so without the default this is the highest possible risk. A tenant of another cloud
    that is not added is blocked.
    """
    if configuration is None and is_cross_cloud:
        return Risk(level=RiskLevel.LOW, reasons=())
    target = Plan(
        tenant_id=tenant_id,
        operations=(),
        before=configuration,
        template="",
        template_hash="",
        duration=None,
        is_cross_cloud=is_cross_cloud,
    )
    return risk_of(plan_from(target, {"tenantId": tenant_id, **BLOCK}), default)
