"""Compute the operations of a plan: for a template's settings, and for a revocation that closes the partner."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from workflows.core.errors.raised import NothingToChange
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.plan import (
    PARTNERS_PATH,
    REVOCATION_TEMPLATE,
    Operation,
    Plan,
    only_synchronization,
    partner_address,
)
from workflows.core.plans.writes.capability_writes import capability_writes, writes_that_switch_off
from workflows.core.plans.writes.optional_writes import optional_writes
from workflows.core.settings.block import BLOCK, is_synchronization_allowed, unblocked_settings
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import is_equivalent, is_same_value, to_document
from workflows.core.settings.model import (
    FLAGS,
    IDENTITY_SYNCHRONIZATION,
    IS_SYNC_ALLOWED,
    M365_CAPABILITIES,
    USER_SYNC_INBOUND,
    IdentitySynchronization,
    Property,
    Setting,
    TenantId,
)
from workflows.core.settings.undocumented_members import DEVICES, without_undocumented_members


def plan_access(
    *,
    tenant_id: TenantId,
    before: JsonObject | None,
    settings: Mapping[Property, Setting],
    template: str,
    template_hash: str,
    duration: timedelta,
    is_cross_cloud: bool = False,
) -> Plan:
    """Compute the operations that change a partner from `before` to the settings of a template.

    Only settings that are in `settings` and that differ are written. Flags that a template does not name keep their
    value.
    Operations that close access come first. The one that opens the most comes last. Synchronization is switched off
    before the partner is written. It is switched on after that, because it requires automatic redemption (Microsoft:
    "Configure cross-tenant synchronization using PowerShell or Microsoft Graph API"). All other settings are one
    write, which Graph applies completely or not at all.

    :raises NothingToChange: when the partner already has every setting.
    """
    own: dict[Property, Setting] = {
        name: setting for name, setting in settings.items() if name != Property.IDENTITY_SYNCHRONIZATION
    }
    synchronizes = None
    if Property.IDENTITY_SYNCHRONIZATION in settings:
        synchronization = settings[Property.IDENTITY_SYNCHRONIZATION]
        synchronizes = isinstance(synchronization, IdentitySynchronization) and synchronization.is_allowed is True
    operations = operations_in_order(tenant_id, before, _differences(before, own), synchronizes=synchronizes)
    if not operations:
        raise NothingToChange(RefusalCode.ALREADY_A_PARTNER, template=template)
    return Plan(
        tenant_id=tenant_id,
        operations=operations,
        before=before,
        template=template,
        template_hash=template_hash,
        duration=duration,
        is_cross_cloud=is_cross_cloud,
    )


def operations_in_order(
    tenant_id: TenantId, before: JsonObject | None, body: JsonObject, *, synchronizes: bool | None
) -> tuple[Operation, ...]:
    """Return the writes of a plan: those that close access first. A missing partner is created.

    Microsoft 365 capabilities have addresses of their own. Those that show more are written after the partner, because
    they need its Microsoft 365 collaboration.

    :param body: the settings to write, without synchronization, which has its own endpoint.
    :param synchronizes: whether synchronization shall be on; None does not change it.
    """
    address = partner_address(tenant_id)
    own = {name: value for name, value in body.items() if name != M365_CAPABILITIES}
    closing, opening = (
        capability_writes(tenant_id, before, body[M365_CAPABILITIES]) if M365_CAPABILITIES in body else ((), ())
    )
    operations = list(closing)
    if before is None:
        operations.append(Operation(method="POST", path=PARTNERS_PATH, body={"tenantId": tenant_id, **own}))
    elif own:
        operations.append(Operation(method="PATCH", path=address, body=own))
    operations += opening
    if synchronizes is not None:
        index = len(operations) if synchronizes else 0
        operations[index:index] = _synchronization(tenant_id, before, is_on=synchronizes)
    return tuple(operations)


def plan_revocation(
    *,
    tenant_id: TenantId,
    before: JsonObject | None,
    default: JsonObject | None = None,
    is_cross_cloud: bool = False,
) -> Plan:
    """Compute the operations that close a partner: explicit blocks, no trust, no consent, no synchronization.

    Every setting of the block is written, even when it seems closed already. Operations for everything else that is not
    certainly closed follow; Graph may refuse these (see `optional_writes`). A partner is never deleted. Without its own
    configuration the tenant's defaults would apply, which usually allow access (Graph: "Cross-tenant access settings
    API overview").

    :param default: the tenant's default configuration; None when it could not be read.
    :returns: the plan. It has no operations when everything is closed already and only has to be read back.
    """
    address = partner_address(tenant_id)
    if before is None:
        operations = [Operation(method="POST", path=PARTNERS_PATH, body={"tenantId": tenant_id, **BLOCK})]
    else:
        operations = []
        missing = unblocked_settings(before)
        if any(name in BLOCK for name in missing):
            operations.append(Operation(method="PATCH", path=address, body=dict(BLOCK)))
        if IDENTITY_SYNCHRONIZATION in missing:
            operations.append(_synchronization_write("PATCH", tenant_id, is_on=False))
    operations += writes_that_switch_off(tenant_id, before or {}, default)  # while collaboration is still allowed
    for is_synchronization, body in optional_writes(before, default):
        path = f"{address}/{IDENTITY_SYNCHRONIZATION}" if is_synchronization else address
        operations.append(Operation(method="PATCH", path=path, body=body, may_be_refused=True))
    return Plan(
        tenant_id=tenant_id,
        operations=tuple(operations),
        before=before,
        template=REVOCATION_TEMPLATE,
        template_hash="",
        duration=None,
        is_cross_cloud=is_cross_cloud,
    )


def _synchronization(tenant_id: TenantId, before: JsonObject | None, *, is_on: bool) -> list[Operation]:
    """Return the write that switches synchronization on or off, if one is needed. Only a PUT creates a policy."""
    current = (before or {}).get(IDENTITY_SYNCHRONIZATION)
    if not is_on:
        is_needed = before is not None and is_synchronization_allowed(before)
        return [_synchronization_write("PATCH", tenant_id, is_on=False)] if is_needed else []
    if current is None:
        return [_synchronization_write("PUT", tenant_id, is_on=True)]
    if is_equivalent({USER_SYNC_INBOUND: {IS_SYNC_ALLOWED: True}}, only_synchronization(current)):
        return []
    return [_synchronization_write("PATCH", tenant_id, is_on=True)]


def _synchronization_write(method: Literal["PATCH", "PUT"], tenant_id: TenantId, *, is_on: bool) -> Operation:
    path = f"{partner_address(tenant_id)}/{IDENTITY_SYNCHRONIZATION}"
    return Operation(method=method, path=path, body={USER_SYNC_INBOUND: {IS_SYNC_ALLOWED: is_on}})


def _differences(before: JsonObject | None, settings: Mapping[Property, Setting]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, setting in settings.items():
        new_value = to_document(setting)
        current = (before or {}).get(name.value)
        if new_value is not None and name in FLAGS and isinstance(current, Mapping):
            # It is not documented how deep Graph merges inside a setting. So the whole setting is sent, with the
            # current value of other flags. NB. without undocumented members: Graph may refuse the whole body because of
            # such a name.
            new_value = {**without_undocumented_members(name, current), **new_value}
        current = without_undocumented_members(name, current)
        if name is Property.TENANT_RESTRICTIONS and isinstance(current, Mapping):
            current = {key: value for key, value in current.items() if key != DEVICES}
        if not is_same_value(new_value, current):
            body[name.value] = new_value
    return body
