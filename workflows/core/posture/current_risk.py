"""Compute the risk of current settings: the risk of opening them for a completely closed partner.

A boundary: the only module of the posture that uses the rules of risk.
"""

from workflows.core.plans.plan import Plan
from workflows.core.plans.renewal import plan_of_all_settings
from workflows.core.policy.risk import Risk, RiskLevel, risk_of
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId


def current_risk(
    tenant_id: TenantId, configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool = False
) -> Risk:
    """Compute the risk of a partner's current settings, inherited ones included.

    Unknown access counts as open. So the result is the highest possible risk when the default is not known. A tenant of
    another cloud that is not added is blocked.
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
    return risk_of(plan_of_all_settings(target, {"tenantId": tenant_id, **BLOCK}), default)
