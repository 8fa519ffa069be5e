"""Make the plan of a restoration: the operations that change the current settings back to the earlier ones."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from workflows.core.errors.raised import NothingToChange, UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.plan import Operation, Plan, partner_address
from workflows.core.plans.planning import operations_in_order
from workflows.core.plans.writes.refused_writes import written_names
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import is_same_value, parse_setting
from workflows.core.settings.model import (
    FLAGS,
    IDENTITY_SYNCHRONIZATION,
    USER_SYNC_INBOUND,
    IdentitySynchronization,
    Property,
    TenantId,
    lists_of,
)
from workflows.core.settings.undocumented_members import (
    DEVICES,
    Path,
    copy_nested,
    set_member,
    undocumented_members,
    without_undocumented_members,
)

_UNKNOWN_VALUE: Final = "unknownFutureValue"


def plan_restoration(
    *,
    tenant_id: TenantId,
    current_configuration: JsonObject | None,
    earlier_configuration: JsonObject | None,
    template: str = "",
    template_hash: str = "",
    duration: timedelta | None = None,
    undone_plan: Plan | None = None,
    is_cross_cloud: bool = False,
) -> Plan:
    """Compute the operations that restore a partner's earlier configuration, for every setting of the model.

    A value is written completely, as Graph returned it. A setting without a value is written as null, which inherits.
    Members that v1.0 does not describe are not changed; `not_restored` lists them. There is one exception. A member
    that the undone change set to null is written last, and Graph may refuse it. A partner that had no configuration is
    not deleted, because v1.0 cannot undo a deletion. All its settings inherit instead. The order of the operations is
    that of an access plan.

    :param current_configuration: the current configuration; None when the partner has none.
    :param earlier_configuration: the earlier configuration; None when the partner had none.
    :param undone_plan: the plan of the change that is undone.
    :raises NothingToChange: when the current settings are already the same.
    :raises UnreadableSetting: when the earlier configuration contains a value that this version cannot write.
    """
    operations = (
        *_operations(tenant_id, current_configuration, earlier_configuration),
        *_optional_operations(tenant_id, current_configuration, earlier_configuration, undone_plan),
    )
    if not operations:
        raise NothingToChange(RefusalCode.ALREADY_RESTORED)
    return Plan(
        tenant_id=tenant_id,
        operations=operations,
        before=current_configuration,
        template=template,
        template_hash=template_hash,
        duration=duration,
        is_cross_cloud=is_cross_cloud,
    )


def is_same_configuration(
    tenant_id: TenantId, current_configuration: JsonObject | None, earlier_configuration: JsonObject | None
) -> bool:
    """Return whether two configurations of one partner mean the same in every setting of the model."""
    try:
        return (current_configuration is None) is (earlier_configuration is None) and not _operations(
            tenant_id, current_configuration, earlier_configuration
        )
    except UnreadableSetting:
        return False


def _operations(
    tenant_id: TenantId, current_configuration: JsonObject | None, earlier_configuration: JsonObject | None
) -> tuple[Operation, ...]:
    if current_configuration is None and earlier_configuration is None:
        return ()
    return operations_in_order(
        tenant_id,
        current_configuration,
        _body(current_configuration, earlier_configuration),
        synchronizes=_synchronizes(current_configuration, earlier_configuration),
    )


def _body(current_configuration: JsonObject | None, earlier_configuration: JsonObject | None) -> dict[str, Any]:
    """Return the settings that differ, as a request body; synchronization has its own endpoint."""
    body: dict[str, Any] = {}
    for name in Property:
        if name is Property.IDENTITY_SYNCHRONIZATION:
            continue
        current_value, restored_value = (
            _sendable_part(name, (current_configuration or {}).get(name)),
            _sendable_part(name, (earlier_configuration or {}).get(name)),
        )
        if is_same_value(current_value, restored_value):
            continue
        if _has_unknown_value(restored_value):
            raise UnreadableSetting(RefusalCode.VALUE_NOT_RESTORABLE, setting=name.value)
        body[name.value] = _with_all_members(name, restored_value)
    return body


def _sendable_part(name: Property, document: Any) -> Any:
    """Return the part of a setting that may be sent: what v1.0 describes, without `devices` of tenant restrictions."""
    cleaned = without_undocumented_members(name, document)
    if name is Property.TENANT_RESTRICTIONS and isinstance(cleaned, dict):
        cleaned.pop(DEVICES, None)
    return cleaned


def _with_all_members(name: Property, restored: Any) -> Any:
    """Return a setting with every member, unset ones as null. It is not documented how deep Graph merges."""
    if not isinstance(restored, dict):
        return restored
    members = FLAGS[name].values() if name in FLAGS else (target_list.graph_name for target_list in lists_of(name))
    return {**dict.fromkeys(members), **restored}


def _optional_operations(
    tenant_id: TenantId,
    current_configuration: JsonObject | None,
    earlier_configuration: JsonObject | None,
    undone_plan: Plan | None,
) -> Iterator[Operation]:
    """Return the writes that restore undocumented members, one for each setting, with the setting's own values."""
    bodies: dict[str, dict[str, Any]] = {}
    for path, value in previous_members(current_configuration, earlier_configuration, undone_plan).items():
        name = path[0]
        if name not in bodies:
            bodies[name] = {} if len(path) == 1 else {name: _companion_values(name, earlier_configuration)}
        set_member(bodies[name], path, value)
    for name, body in bodies.items():
        address = partner_address(tenant_id)
        if name == IDENTITY_SYNCHRONIZATION:
            address, body = f"{address}/{name}", body[name]
        yield Operation(method="PATCH", path=address, body=body, may_be_refused=True)


def previous_members(
    current_configuration: JsonObject | None, earlier_configuration: JsonObject | None, undone_plan: Plan | None
) -> Mapping[Path, Any]:
    """Return the undocumented members that the undone change has set to null, with their previous values."""
    set_to_null = {
        name for operation in (undone_plan.optional if undone_plan else ()) for name in written_names(operation)
    }
    current_members = undocumented_members(current_configuration)
    return {
        path: _without_annotations(value)
        for path, value in undocumented_members(earlier_configuration).items()
        if ".".join(path) in set_to_null
        and not _has_unknown_value(value)
        and not is_same_value(current_members.get(path), value)
    }


def _companion_values(name: str, earlier_configuration: JsonObject | None) -> Any:
    """Return the values to write together with a member of a setting: the restored setting; empty for a policy."""
    if name == IDENTITY_SYNCHRONIZATION:
        return {}
    return copy_nested(
        _with_all_members(Property(name), _sendable_part(Property(name), (earlier_configuration or {}).get(name)))
    )


def _synchronizes(current_configuration: JsonObject | None, earlier_configuration: JsonObject | None) -> bool | None:
    """Return whether synchronization was allowed in `earlier_configuration`; None when the policy is the same as now.

    Only an explicit "true" is restored as true. Otherwise false is written, which certainly synchronizes nobody.
    """
    current, earlier = (
        side.get(IDENTITY_SYNCHRONIZATION) if side else None for side in (current_configuration, earlier_configuration)
    )
    if is_same_value(_flag_of(current), _flag_of(earlier)):
        return None
    setting = parse_setting(Property.IDENTITY_SYNCHRONIZATION, earlier)
    return isinstance(setting, IdentitySynchronization) and setting.is_allowed is True


def _flag_of(policy: Any) -> Any:
    described = without_undocumented_members(IDENTITY_SYNCHRONIZATION, policy)
    return described.get(USER_SYNC_INBOUND) if isinstance(described, Mapping) else described


def _without_annotations(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_annotations(item) for key, item in value.items() if "@" not in key}
    if isinstance(value, list | tuple):
        return [_without_annotations(item) for item in value]
    return value


def _has_unknown_value(value: Any) -> bool:
    """Return whether a value contains Graph's word for an unknown value, which must never be sent."""
    if isinstance(value, Mapping):
        return any(map(_has_unknown_value, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown_value, value))
    return bool(value == _UNKNOWN_VALUE)
