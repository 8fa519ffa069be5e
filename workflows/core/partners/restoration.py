"""Restoring previous settings: the plan from the current settings to the earlier ones, and the chain that decides.

This file is long because one plan is computed here, setting by setting.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.errors.raised import InvalidField, NothingToChange, UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.changes import plan_access_change
from workflows.core.plans.plan import Operation, Plan, operations_in_order, partner_address
from workflows.core.plans.refused_writes import written_names
from workflows.core.policy.risk import deciding_risk, weakness_of
from workflows.core.policy.template import Template, stages_for
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState, Restored
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.described import DEVICES, Path, copied, described_part, put_member, undescribed
from workflows.core.settings.documents import is_same_value, parse_setting
from workflows.core.settings.model import (
    FLAGS,
    IDENTITY_SYNCHRONIZATION,
    IdentitySynchronization,
    Property,
    TenantId,
    lists_of,
)

FIELD: Final = "restores"
"""The form field that names the change to restore from."""

_STANDS: Final = frozenset({RequestState.APPLIED, RequestState.OVERWRITTEN})
_CUT_SHORT: Final = frozenset({RequestState.FAILED, RequestState.STOPPED})
_UNKNOWN_VALUE: Final = "unknownFutureValue"
_DELETE: Final = "Graph: “Delete crossTenantAccessPolicyConfigurationPartner”"
_UPDATE: Final = "Graph: “Update crossTenantAccessPolicyConfigurationPartner”"


def is_restorable(request: AccessRequest) -> bool:
    """Return whether a request changed, or may have changed, something in the tenant that can be restored.

    See `is_cut_short`.
    """
    is_written = request.state in _STANDS or is_cut_short(request)
    return is_written and request.prepared is not None and bool(request.prepared.plan.operations)


def is_cut_short(request: AccessRequest) -> bool:
    """Return whether a request ended while it was being written. None, a part or all of its plan may be applied.

    The restoration is planned from the current settings, so this need not be known.
    """
    return request.state in _CUT_SHORT and request.writing_since is not None


def settled_at(request: AccessRequest) -> datetime:
    """Return when a change was read back, found overwritten, or cut short."""
    return request.confirmed_at or request.changed_at


def restored(request: AccessRequest) -> Restored:
    """Return a summary of the change whose previous settings are restored.

    :raises Refused: while the request has no plan.
    """
    known = request.known
    return Restored(
        request_id=request.id,
        kind=request.particulars.kind,
        title=known.template_title,
        by=known.requester,
        at=settled_at(request),
    )


def plan_restoration(
    *,
    tenant_id: TenantId,
    now: JsonObject | None,
    image: JsonObject | None,
    template: str = "",
    template_hash: str = "",
    duration: timedelta | None = None,
    undone: Plan | None = None,
    is_cross_cloud: bool = False,
) -> Plan:
    """Compute the operations that change a partner from `now` back to `image`, for every setting of the model.

    A value is written completely as Graph had it. A setting that was not set is written as null, which inherits.
    Members that v1.0 does not describe are not changed (see `left_alone`). The exception is a member that the undone
    change had set to null: it is written last, and Graph may refuse it. A partner that had no configuration is never
    deleted, because v1.0 cannot undo a deletion. All its settings inherit instead. The order is that of an access plan.

    :param undone: the plan of the change that is undone.
    :raises NothingToChange: when the current settings are already the same.
    :raises UnreadableSetting: when the image contains a value that Graph does not name for this version.
    """
    operations = (*_operations(tenant_id, now, image), *_further(tenant_id, now, image, undone))
    if not operations:
        raise NothingToChange(RefusalCode.ALREADY_RESTORED)
    return Plan(
        tenant_id=tenant_id,
        operations=operations,
        before=now,
        template=template,
        template_hash=template_hash,
        duration=duration,
        is_cross_cloud=is_cross_cloud,
    )


def is_same_configuration(tenant_id: TenantId, now: JsonObject | None, image: JsonObject | None) -> bool:
    """Return whether two configurations of one partner mean the same in every setting of the model."""
    try:
        return (now is None) is (image is None) and not _operations(tenant_id, now, image)
    except UnreadableSetting:
        return False


def deciding_template(
    plan: Plan,
    image: JsonObject | None,
    *,
    requests: Sequence[AccessRequest],
    templates: Mapping[str, Template],
    default: JsonObject | None = None,
) -> Template:
    """Choose the template whose chain decides on a restoration.

    It is the template under which exactly this state was approved before. It must still exist, and its chain must be
    strong enough for what the restoration opens and for all settings after it. Otherwise it is the one with the
    strongest chain.

    :param requests: every known request about this partner, in any order.
    :param default: the tenant's default configuration; None when it is not known.
    :raises InvalidField: when even the strongest chain is too weak.
    """
    access, level = plan_access_change(plan), deciding_risk(plan, default).level
    candidates = likely_templates(image, requests=requests, templates=templates)
    for template in candidates:
        weak = weakness_of(stages_for(access, template), level)
        if weak is None:
            return template
    raise InvalidField(
        FIELD,
        RefusalCode.RESTORE_CHAIN_TOO_WEAK,
        template=candidates[-1].title,
        weakness=None if weak is None else weak.as_value(),
    )


def likely_templates(
    image: JsonObject | None, *, requests: Sequence[AccessRequest], templates: Mapping[str, Template]
) -> tuple[Template, ...]:
    """List the templates whose chains may decide on restoring `image`, in the order in which they are considered."""
    strongest = max(templates.values(), key=_strength)
    return (*_approved_before(image, requests, templates), strongest)


def decided_by(plan: Plan, template: Template) -> Plan:
    """Return the plan bound to the template whose chain decides on it.

    If the template changes, decisions become invalid.
    """
    return replace(plan, template=template.name, template_hash=template.content_hash)


def restoration_findings(change: AccessRequest, now: JsonObject | None) -> tuple[Finding, ...]:
    """List what restoring the previous settings does not restore.

    :raises Refused: while the request has no plan.
    """
    return tuple(_findings(change, change.known.plan.before, now))


def left_alone(now: JsonObject | None, image: JsonObject | None, undone: Plan | None = None) -> tuple[str, ...]:
    """Return Graph's names of the settings that differ from the image and are not written.

    :param undone: the plan of the change that is undone; see `plan_restoration`.
    """
    here, there = undescribed(now), undescribed(image)
    written = _put_back(now, image, undone)
    different = [
        ".".join(path)
        for path in dict.fromkeys((*there, *here))
        if path not in written and not is_same_value(here.get(path), there.get(path))
    ]
    restrictions = Property.TENANT_RESTRICTIONS.value
    devices = [_devices((one or {}).get(restrictions)) for one in (now, image)]
    if not is_same_value(devices[0], devices[1]):
        different.append(f"{restrictions}.{DEVICES}")
    return tuple(different)


def _findings(change: AccessRequest, image: JsonObject | None, now: JsonObject | None) -> Iterator[Finding]:
    about = {"request_id": change.id}
    if is_cut_short(change):
        yield Finding(code=FindingCode.RESTORES_A_PART, severity=Severity.NOTE, source=_UPDATE, values=about)
    if image is None:
        yield Finding(code=FindingCode.RESTORES_INHERITANCE, severity=Severity.NOTE, source=_DELETE, values=about)
    if names := left_alone(now, image, change.known.plan):
        values = {**about, "names": list(names)}
        yield Finding(code=FindingCode.NOT_RESTORED, severity=Severity.WARNING, source=_UPDATE, values=values)


def _approved_before(
    image: JsonObject | None, requests: Sequence[AccessRequest], templates: Mapping[str, Template]
) -> Iterator[Template]:
    """Return the template of the newest access request that led to `image`, if it still exists."""
    for request in sorted(requests, key=settled_at, reverse=True):
        is_applied_access = request.state is RequestState.APPLIED and request.particulars.kind is RequestKind.ACCESS
        if not is_applied_access:
            continue
        plan = request.known.plan
        if is_same_configuration(plan.tenant_id, plan.image_after(), image):
            if plan.template in templates:
                yield templates[plan.template]
            return


def _strength(template: Template) -> tuple[int, int, str]:
    return sum(stage.quorum for stage in template.stages), len(template.stages), template.name


def _operations(tenant_id: TenantId, now: JsonObject | None, image: JsonObject | None) -> tuple[Operation, ...]:
    if now is None and image is None:
        return ()
    return operations_in_order(tenant_id, now, _body(now, image), synchronizes=_synchronizes(now, image))


def _body(now: JsonObject | None, image: JsonObject | None) -> dict[str, Any]:
    """Return the settings that differ, as a request body; synchronization has its own endpoint."""
    body: dict[str, Any] = {}
    for name in Property:
        if name is Property.IDENTITY_SYNCHRONIZATION:
            continue
        current, wanted = _sent(name, (now or {}).get(name)), _sent(name, (image or {}).get(name))
        if is_same_value(current, wanted):
            continue
        if _has_unknown_value(wanted):
            raise UnreadableSetting(RefusalCode.VALUE_NOT_RESTORABLE, setting=name.value)
        body[name.value] = _whole(name, wanted)
    return body


def _sent(name: Property, document: Any) -> Any:
    """Return the part of a setting that may be sent: what v1.0 describes, without `devices` of tenant restrictions."""
    cleaned = described_part(name, document)
    if name is Property.TENANT_RESTRICTIONS and isinstance(cleaned, dict):
        cleaned.pop(DEVICES, None)
    return cleaned


def _whole(name: Property, wanted: Any) -> Any:
    """Return a setting with every member, also unset ones. It is not documented how deep Graph merges."""
    if not isinstance(wanted, dict):
        return wanted
    members = FLAGS[name].values() if name in FLAGS else (target_list.graph for target_list in lists_of(name))
    return {**dict.fromkeys(members), **wanted}


def _further(
    tenant_id: TenantId, now: JsonObject | None, image: JsonObject | None, undone: Plan | None
) -> Iterator[Operation]:
    """Return the writes that restore undescribed members, one for each setting, with the setting's own values."""
    bodies: dict[str, dict[str, Any]] = {}
    for path, value in _put_back(now, image, undone).items():
        name = path[0]
        if name not in bodies:
            bodies[name] = {} if len(path) == 1 else {name: _beside(name, image)}
        put_member(bodies[name], path, value)
    for name, body in bodies.items():
        address = partner_address(tenant_id)
        if name == IDENTITY_SYNCHRONIZATION:
            address, body = f"{address}/{name}", body[name]
        yield Operation(method="PATCH", path=address, body=body, may_be_refused=True)


def _put_back(now: JsonObject | None, image: JsonObject | None, undone: Plan | None) -> Mapping[Path, Any]:
    """Return the undescribed members that the undone change has set to null, with their previous values."""
    nulled = {name for operation in (undone.further if undone else ()) for name in written_names(operation)}
    here = undescribed(now)
    return {
        path: _without_annotations(value)
        for path, value in undescribed(image).items()
        if ".".join(path) in nulled and not _has_unknown_value(value) and not is_same_value(here.get(path), value)
    }


def _beside(name: str, image: JsonObject | None) -> Any:
    """Return the other members of the same body: the setting as restored. A policy is written in parts."""
    if name == IDENTITY_SYNCHRONIZATION:
        return {}
    return copied(_whole(Property(name), _sent(Property(name), (image or {}).get(name))))


def _synchronizes(now: JsonObject | None, image: JsonObject | None) -> bool | None:
    """Return whether synchronization was on; None when its policy is unchanged, whatever it says.

    Only an explicit yes is restored as a yes. Otherwise "no" is written, because it certainly means that nobody is
    synchronized.
    """
    current, wanted = (side.get(IDENTITY_SYNCHRONIZATION) if side else None for side in (now, image))
    if is_same_value(_flag_of(current), _flag_of(wanted)):
        return None
    setting = parse_setting(Property.IDENTITY_SYNCHRONIZATION, wanted)
    return isinstance(setting, IdentitySynchronization) and setting.is_allowed is True


def _devices(restrictions: Any) -> Any:
    return restrictions.get(DEVICES) if isinstance(restrictions, Mapping) else None


def _flag_of(policy: Any) -> Any:
    described = described_part(IDENTITY_SYNCHRONIZATION, policy)
    return described.get("userSyncInbound") if isinstance(described, Mapping) else described


def _without_annotations(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_annotations(item) for key, item in value.items() if "@" not in key}
    if isinstance(value, list | tuple):
        return [_without_annotations(item) for item in value]
    return value


def _has_unknown_value(value: Any) -> bool:
    """Return whether a value contains Graph's substitute for values newer than its schema, which must never be sent."""
    if isinstance(value, Mapping):
        return any(map(_has_unknown_value, value.values()))
    if isinstance(value, list):
        return any(map(_has_unknown_value, value))
    return bool(value == _UNKNOWN_VALUE)
