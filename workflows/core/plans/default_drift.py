"""Find changes of the tenant's default after approvers saw a plan. They also approve the inherited values.

"Drift" means: settings in the tenant that somebody changed after the plan was made.

A setting that neither the plan nor the partner sets comes from the default. An Entra admin can change the default at
any time. The plan contains the inherited values, so that its digest covers them. They are compared again before the
first write.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from workflows.core.plans.drift import DefaultDrift, Drift
from workflows.core.plans.plan import Plan, changes
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import entry_of, known_names
from workflows.core.settings.documents import is_equivalent, normalize
from workflows.core.settings.model import (
    B2B_PROPERTIES,
    FLAGS,
    TARGET_PROPERTIES,
    CapabilityName,
    Property,
    lists_of,
)

_WRITTEN: Final = (*TARGET_PROPERTIES, Property.M365_CAPABILITIES)
_ALWAYS: Final = (*B2B_PROPERTIES, Property.INBOUND_TRUST)
"""The settings for access and for trust. Automatic redemption and synchronization have no default."""


def inherits_access(plan: Plan) -> bool:
    """Return whether any effective setting after a plan comes from the tenant's default."""
    return any(True for _ in _inherited_members(plan))


def with_inheritance(plan: Plan, default: JsonObject | None) -> Plan:
    """Return the plan with the values that the partner inherits once the plan is applied.

    :param default: the tenant's default configuration; when None (not known), none are stored.
    """
    if default is None:
        return plan
    return replace(plan, inherited=_inherited_values(_inherited_members(plan), default))


def inherited_values(configuration: JsonObject | None, names: Iterable[str], default: JsonObject) -> dict[str, Any]:
    """Return the values that a partner with a configuration inherits, in the form of `Plan.inherited`.

    :param names: the settings to look at. Those that the partner sets itself are left out.
    """
    return _inherited_values(_unset(configuration, map(Property, names)), default)


def kept_inheritance(inherited: JsonObject, configuration: JsonObject | None) -> dict[str, Any]:
    """Return those of the inherited values that a partner with another configuration inherits, too."""
    default = {
        name: value.get("") if isinstance(value, Mapping) and "" in value else value
        for name, value in inherited.items()
    }
    return inherited_values(configuration, inherited, default)


def default_drift(plan: Plan, default_before: JsonObject, default_now: JsonObject) -> Drift | None:
    """Compare what a partner inherits after a plan from two versions of the default; None when it is the same.

    :param default_before: the tenant's default configuration when the plan was made.
    :param default_now: the tenant's default configuration now.
    """
    changed = tuple(
        DefaultDrift(name=name.value, before=default_before.get(name.value), now=default_now.get(name.value))
        for name, members in _inherited_members(plan).items()
        if not is_equivalent(
            _selected_members(default_before.get(name.value), members),
            _selected_members(default_now.get(name.value), members),
        )
    )
    exists = plan.before is not None
    return Drift(existed=exists, exists=exists, settings=(), defaults=changed) if changed else None


def _inherited_members(plan: Plan) -> dict[Property, tuple[str, ...] | None]:
    """Return, by property, the members that the partner inherits after a plan; None when it inherits all of them."""
    return _unset(plan.configuration_after(), _inheritable_settings(plan))


def _inherited_values(
    members_by_name: Mapping[Property, tuple[str, ...] | None], default: JsonObject
) -> dict[str, Any]:
    return {
        name.value: normalize(_selected_members(default.get(name.value), members))
        for name, members in members_by_name.items()
    }


def _unset(configuration: JsonObject | None, names: Iterable[Property]) -> dict[Property, tuple[str, ...] | None]:
    own = configuration or {}
    return {name: members for name in names for members in _unset_members(name, own.get(name.value))}


def _inheritable_settings(plan: Plan) -> tuple[Property, ...]:
    written = [Property(change.name) for change in changes(plan) if change.name in _WRITTEN]
    if Property.M365_COLLABORATION_INBOUND in written:
        written.append(Property.M365_CAPABILITIES)  # the default's have an effect with this collaboration
    return tuple(dict.fromkeys((*_ALWAYS, *written)))


def _unset_members(name: Property, document: Any) -> Iterator[tuple[str, ...] | None]:
    """Yield the members that the partner's own value does not set, if any; None when it sets none of them.

    Nothing is yielded for a value that cannot be read.
    """
    if name is Property.M365_CAPABILITIES:
        own = set(known_names(document))
        yield tuple(capability for capability in CapabilityName if capability not in own)
    elif document is None:
        yield None
    elif isinstance(document, Mapping):
        known = FLAGS[name].values() if name in FLAGS else [target_list.graph_name for target_list in lists_of(name)]
        if members := tuple(member for member in known if document.get(member) is None):
            yield members


def _selected_members(document: Any, members: tuple[str, ...] | None) -> JsonObject:
    if members is not None and isinstance(document, list | tuple):
        return {member: entry_of(document, member) for member in members}
    if members is None or not isinstance(document, Mapping):
        return {"": document}
    return {member: document.get(member) for member in members}
