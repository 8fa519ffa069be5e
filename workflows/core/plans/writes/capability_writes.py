"""The writes of Microsoft 365 capabilities. Each capability has its own address, and is never deleted.

A deleted capability would get the value of the tenant's default. So one is switched off explicitly.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.plan import Operation, Plan, changes, partner_address
from workflows.core.settings.access_change import AccessChange, is_certainly_blocked, targets_change
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import (
    capability_body,
    has_list,
    parse_capabilities,
    without_switched_off,
)
from workflows.core.settings.model import M365_CAPABILITIES, NOBODY, Capability, CapabilityName, TenantId

_LESS: Final = frozenset({AccessChange.CLOSES, AccessChange.REDUCES})


class CapabilityWrites(NamedTuple):
    """The writes that certainly show less to the partner, and all others."""

    closing: tuple[Operation, ...]
    opening: tuple[Operation, ...]


def capability_writes(tenant_id: TenantId, before: JsonObject | None, wanted: Any) -> CapabilityWrites:
    """Return the writes that change a partner's capabilities to a list. Those that are not in it are switched off.

    :param wanted: the list, as it stands in a configuration; None for no capabilities.
    :param before: the partner's configuration. Without a list that can be read, `rules.check_plan` refuses the plan.
    :raises UnreadableSetting: when it is not known whose data a wanted capability is about, or `wanted` is no list.
    """
    present, after = _readable((before or {}).get(M365_CAPABILITIES)), _by_name(wanted)
    closing: list[Operation] = []
    opening: list[Operation] = []
    for name in sorted({*present, *after}):
        current = present.get(name)
        new = after.get(name, Capability(name=name, people=NOBODY))
        if new.people is None:
            raise UnreadableSetting(RefusalCode.VALUE_NOT_RESTORABLE, setting=f"{M365_CAPABILITIES}.{name}")
        if new == current:
            continue
        write = _write(tenant_id, new, exists=current is not None)
        is_less = current is not None and (is_certainly_blocked(new) or targets_change(current, new) in _LESS)
        (closing if is_less else opening).append(write)
    return CapabilityWrites(tuple(closing), tuple(opening))


def writes_that_switch_off(tenant_id: TenantId, before: JsonObject, default: JsonObject | None) -> Iterator[Operation]:
    """Return the writes that switch off every capability that may be on: for this partner, or by the default.

    A capability of the default is switched off for this partner alone. Graph may refuse each of them.
    """
    own, inherited = (_readable(one.get(M365_CAPABILITIES)) for one in (before, default or {}))
    for name in sorted({*own, *inherited}):
        found = own.get(name) or inherited[name]
        if not is_certainly_blocked(found):
            off = Capability(name=name, people=NOBODY)
            yield _write(tenant_id, off, exists=name in own, may_be_refused=True)


def _write(tenant_id: TenantId, new: Capability, *, exists: bool, may_be_refused: bool = False) -> Operation:
    address = f"{partner_address(tenant_id)}/{M365_CAPABILITIES}"
    return Operation(
        method="PATCH" if exists else "POST",
        path=f"{address}/{new.name}" if exists else address,
        body=capability_body(new),
        may_be_refused=may_be_refused,
    )


def _by_name(document: Any) -> dict[CapabilityName, Capability]:
    found = parse_capabilities(document)
    return {} if found is None else {item.name: item for item in found.items}


def _readable(document: Any) -> dict[CapabilityName, Capability]:
    """Return the known capabilities of a list; none when it cannot be read."""
    try:
        return _by_name(document)
    except UnreadableSetting:
        return {}


def are_capabilities_read(plan: Plan, default: JsonObject | None) -> bool:
    """Return whether the list of Microsoft 365 capabilities was read before a plan was made."""
    read = default if plan.before is None else plan.before
    return read is not None and has_list(read)


def opens_capabilities(plan: Plan) -> bool:
    """Return whether a plan writes a capability that shows something to the partner."""
    written = [change.after or () for change in changes(plan) if change.name == M365_CAPABILITIES]
    return any(without_switched_off(listed) for listed in written)
