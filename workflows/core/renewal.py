"""A renewal: what stands for a partner already is approved for longer. It writes nothing, and needs its whole chain."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from workflows.core.canonical import JsonObject
from workflows.core.described import DEVICES
from workflows.core.documents import says_nothing
from workflows.core.partner import IDENTITY_SYNCHRONIZATION, Property, TenantId
from workflows.core.partnership import Partnership, PartnershipState
from workflows.core.plan import Operation, Plan

SHORTEST: Final = timedelta(days=1)
"""What prolongs an access by less than this is no renewal but the same request once more."""


def plan_renewal(
    *, tenant_id: TenantId, before: JsonObject | None, template: str, template_hash: str, duration: timedelta
) -> Plan:
    """Make the plan that leaves everything as it stands, to be approved for `duration` from then on."""
    return Plan(
        tenant_id=tenant_id,
        operations=(),
        before=before,
        template=template,
        template_hash=template_hash,
        duration=duration,
    )


def is_renewal(plan: Plan) -> bool:
    """Tell whether a plan prolongs an access without writing anything. A revocation has no duration."""
    return not plan.operations and plan.duration is not None


def may_be_renewed(known: Partnership | None, duration: timedelta, now: datetime) -> bool:
    """Tell whether approving what stands for `duration` would really prolong it."""
    if known is None or known.state is PartnershipState.REVOKED or known.ends_at is None:
        return False
    return now + duration - known.ends_at >= SHORTEST


def opened_anew(plan: Plan) -> Plan:
    """Give the plan that would open, for a partner without settings of its own, all that stands after `plan`.

    What prolongs an access answers for all of it, not only for what it changes; settings outside the model are not
    Gatehouse's, and weigh nothing here.
    """
    image = plan.image_after() or {}
    own = {name.value: _own(image[name.value]) for name in Property if image.get(name.value) is not None}
    policy = own.pop(IDENTITY_SYNCHRONIZATION, None)
    path = "/policies/crossTenantAccessPolicy/partners"
    operations = [Operation(method="POST", path=path, body={"tenantId": plan.tenant_id, **own})]
    if policy is not None:
        body = policy if isinstance(policy, Mapping) else {"userSyncInbound": policy}
        address = f"{path}/{plan.tenant_id}/{IDENTITY_SYNCHRONIZATION}"
        operations.append(Operation(method="PUT", path=address, body=body))
    return replace(plan, before=None, operations=tuple(operations))


def _own(setting: Any) -> Any:
    """Leave out members that set nothing: the service shows some that nobody named, and `devices` does nothing yet."""
    if not isinstance(setting, Mapping):
        return setting
    return {
        name: value
        for name, value in setting.items()
        if name != DEVICES and (value is False or not says_nothing(value))
    }
