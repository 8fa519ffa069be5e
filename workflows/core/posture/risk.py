"""The risk of what stands: that of a plan that leads from a wholly closed partner to what it is now."""

from workflows.core.plans.plan import Plan
from workflows.core.plans.renewal import opened_anew
from workflows.core.policy.risk import Risk, RiskLevel, risk_of
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId


def current_risk(
    tenant_id: TenantId, configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool = False
) -> Risk:
    """Compute how much a partner's settings let in now, what they inherit included.

    What is not known counts as open, so that without the default this is the most that it can be. A tenant of another
    cloud that is not added is blocked.
    """
    if configuration is None and is_cross_cloud:
        return Risk(level=RiskLevel.LOW, reasons=())
    stands = Plan(
        tenant_id=tenant_id,
        operations=(),
        before=configuration,
        template="",
        template_hash="",
        duration=None,
        is_cross_cloud=is_cross_cloud,
    )
    return risk_of(opened_anew(stands, {"tenantId": tenant_id, **BLOCK}), default)
