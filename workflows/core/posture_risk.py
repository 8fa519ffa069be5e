"""The risk of what stands: that of a plan that leads from a wholly closed partner to what it is now."""

from collections.abc import Mapping
from typing import Any, Final

from workflows.core.canonical import JsonObject
from workflows.core.documents import to_document
from workflows.core.partner import CLOSED, IDENTITY_SYNCHRONIZATION, Property, TenantId
from workflows.core.plan import Operation, Plan
from workflows.core.risk import Risk, risk_of

_WRITTEN: Final = tuple(name.value for name in Property if name is not Property.IDENTITY_SYNCHRONIZATION)


def standing_risk(
    tenant_id: TenantId, configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool = False
) -> Risk:
    """Compute how much a partner's settings let in now, what they inherit included.

    What is not known counts as open, so that without the default this is the most that it can be.
    """
    own, address = configuration or {}, f"/policies/crossTenantAccessPolicy/partners/{tenant_id}"
    closed: dict[str, Any] = {name.value: to_document(setting) for name, setting in CLOSED.items()}
    body = {name: own.get(name) for name in _WRITTEN if name in closed or own.get(name) is not None}
    operations = [Operation(method="PATCH", path=address, body=body)]
    if (policy := own.get(IDENTITY_SYNCHRONIZATION)) is not None:
        written = policy if isinstance(policy, Mapping) else {"userSyncInbound": policy}
        operations.append(Operation(method="PUT", path=f"{address}/{IDENTITY_SYNCHRONIZATION}", body=written))
    plan = Plan(
        tenant_id=tenant_id,
        operations=tuple(operations),
        before={"tenantId": tenant_id, **closed},
        template="",
        template_hash="",
        duration=None,
    )
    return risk_of(plan, default, is_cross_cloud=is_cross_cloud)
