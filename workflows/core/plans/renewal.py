"""Renewals: the current settings are approved for a longer time, by the full approval chain. Nothing is written."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from workflows.core.plans.plan import PARTNERS_PATH, Operation, Plan, partner_address
from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import has_no_value
from workflows.core.settings.model import FLAGS, IDENTITY_SYNCHRONIZATION, USER_SYNC_INBOUND, Property, TenantId
from workflows.core.settings.undocumented_members import DEVICES

MIN_EXTENSION: Final = timedelta(days=1)
"""A request that would extend an access by less than this is treated as a duplicate."""


def plan_renewal(
    *,
    tenant_id: TenantId,
    before: JsonObject | None,
    template: str,
    template_hash: str,
    duration: timedelta,
    is_cross_cloud: bool = False,
) -> Plan:
    """Return a plan that changes no setting, to be approved for `duration` from then on."""
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
    """Return whether a plan extends an access without writing anything. A revocation has no duration."""
    return not plan.operations and plan.duration is not None and plan.adoption is None


def is_extension(plan: Plan) -> bool:
    """Return whether a plan extends an access, with or without a reduction."""
    return is_renewal(plan) or plan.extends


def plan_of_all_settings(plan: Plan, before: JsonObject | None = None) -> Plan:
    """Return the plan that would change `before` to all settings after `plan`.

    An extension is approved for the whole access, not only for its changes. Settings that Gatehouse does not manage are
    left out.

    :param before: a partner's configuration; None for a partner without its own settings.
    """
    configuration, known = plan.configuration_after() or {}, before or {}
    own = {
        name.value: _members_with_effect(name, configuration.get(name.value))
        for name in Property
        if configuration.get(name.value) is not None or known.get(name.value) is not None
    }
    policy = own.pop(IDENTITY_SYNCHRONIZATION, None)
    address = partner_address(plan.tenant_id)
    if before is None:
        operations = [Operation(method="POST", path=PARTNERS_PATH, body={"tenantId": plan.tenant_id, **own})]
    else:
        operations = [Operation(method="PATCH", path=address, body=own)]
    if policy is not None:
        body = policy if isinstance(policy, Mapping) else {USER_SYNC_INBOUND: policy}
        operations.append(Operation(method="PUT", path=f"{address}/{IDENTITY_SYNCHRONIZATION}", body=body))
    return replace(plan, before=before, operations=tuple(operations))


def plan_of_open_access(plan: Plan) -> Plan:
    """Return the plan that would open all access after `plan` for a closed partner, inherited access included."""
    return plan_of_all_settings(plan, {"tenantId": plan.tenant_id, **BLOCK})


def plan_of_extended_access(plan: Plan) -> Plan:
    """Return the plan that would open all present access of a partner again, if its own settings closed all of it.

    An extension is shown in this way. Compared with the tenant's default, a setting that stands already would look like
    a change. What the partner inherits is the same before and after this plan.
    """
    if plan.is_cross_cloud:
        return plan_of_all_settings(plan)  # such a tenant is blocked until it is added
    own = plan.configuration_after() or {}
    closed = {name: _block_of(name, block, own[name]) for name, block in BLOCK.items() if own.get(name) is not None}
    return plan_of_all_settings(plan, {"tenantId": plan.tenant_id, **closed})


def _block_of(name: str, block: JsonObject, setting: Any) -> JsonObject:
    """Return the block of a setting; of flags, only those that the partner sets itself."""
    if name not in FLAGS or not isinstance(setting, Mapping):
        return block
    return {key: value for key, value in block.items() if setting.get(key) is not None}


def _members_with_effect(name: Property, setting: Any) -> Any:
    """Remove members without an effect: empty ones that the service adds, and `devices`, which has no effect yet.

    A known flag with the value false stays, because the tenant's default may be true.
    """
    if not isinstance(setting, Mapping):
        return setting
    flags = FLAGS.get(name, {}).values()
    return {
        key: value
        for key, value in setting.items()
        if key != DEVICES and (not has_no_value(value) or (value is False and key in flags))
    }
