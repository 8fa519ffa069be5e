"""A renewal: what stands for a partner already is approved for longer. It writes nothing, and needs its whole chain."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from workflows.core.plans.plan import Operation, Plan
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.described import DEVICES
from workflows.core.settings.documents import says_nothing
from workflows.core.settings.model import FLAGS, IDENTITY_SYNCHRONIZATION, Property, TenantId

_PARTNERS: Final = "/policies/crossTenantAccessPolicy/partners"
SHORTEST: Final = timedelta(days=1)
"""What prolongs an access by less than this is no renewal but the same request once more."""


def plan_renewal(
    *,
    tenant_id: TenantId,
    before: JsonObject | None,
    template: str,
    template_hash: str,
    duration: timedelta,
    is_cross_cloud: bool = False,
) -> Plan:
    """Make the plan that leaves everything as it stands, to be approved for `duration` from then on."""
    return Plan(
        tenant_id=tenant_id,
        operations=(),
        before=before,
        template=template,
        template_hash=template_hash,
        duration=duration,
        is_cross_cloud=is_cross_cloud,
    )


def is_renewal(plan: Plan) -> bool:
    """Tell whether a plan prolongs an access without writing anything. A revocation has no duration."""
    return not plan.operations and plan.duration is not None


def opened_anew(plan: Plan, before: JsonObject | None = None) -> Plan:
    """Give the plan that would lead from `before` to all that stands after `plan`.

    What prolongs an access answers for all of it, not only for what it changes; settings outside the model are not
    Gatehouse's, and weigh nothing here.

    :param before: a partner's configuration; None for a partner without settings of its own.
    """
    image, known = plan.image_after() or {}, before or {}
    own = {
        name.value: _own(name, image.get(name.value))
        for name in Property
        if image.get(name.value) is not None or known.get(name.value) is not None
    }
    policy = own.pop(IDENTITY_SYNCHRONIZATION, None)
    address = f"{_PARTNERS}/{plan.tenant_id}"
    if before is None:
        operations = [Operation(method="POST", path=_PARTNERS, body={"tenantId": plan.tenant_id, **own})]
    else:
        operations = [Operation(method="PATCH", path=address, body=own)]
    if policy is not None:
        body = policy if isinstance(policy, Mapping) else {"userSyncInbound": policy}
        operations.append(Operation(method="PUT", path=f"{address}/{IDENTITY_SYNCHRONIZATION}", body=body))
    return replace(plan, before=before, operations=tuple(operations))


def _own(name: Property, setting: Any) -> Any:
    """Leave out members that set nothing: the service shows some that nobody named, and `devices` does nothing yet.

    A known flag that is false sets something: the tenant's default may be true.
    """
    if not isinstance(setting, Mapping):
        return setting
    flags = FLAGS.get(name, {}).values()
    return {
        key: value
        for key, value in setting.items()
        if key != DEVICES and (not says_nothing(value) or (value is False and key in flags))
    }
