"""Compute the risk of current settings: the risk of opening them for a completely closed partner.

A boundary: the only module of the posture that uses the rules of risk.
"""

from typing import Final

from workflows.core.plans.plan import Plan
from workflows.core.plans.renewal import plan_of_open_access
from workflows.core.policy.risk import Risk, RiskLevel, risk_of
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId

_ANY_TENANT: Final = TenantId("00000000-0000-0000-0000-000000000000")
"""The risk does not depend on the tenant."""


def current_risk(configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool = False) -> Risk:
    """Compute the risk of a partner's current settings, inherited ones included.

    Unknown access counts as open. So the result is the highest possible risk when the default is not known. A tenant of
    another cloud that is not added is blocked.
    """
    if configuration is None and is_cross_cloud:
        return Risk(level=RiskLevel.LOW, reasons=())
    target = Plan(
        tenant_id=_ANY_TENANT,
        operations=(),
        before=configuration,
        template="",
        template_hash="",
        duration=None,
        is_cross_cloud=is_cross_cloud,
    )
    return risk_of(plan_of_open_access(target), default)
