"""List the users, groups and applications whose ids are in a plan, and the tenant that each id belongs to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.plans.plan import Plan, changes
from workflows.core.settings.documents import parse_setting
from workflows.core.settings.id_owner import Owner, owner_of
from workflows.core.settings.model import (
    TARGET_PROPERTIES,
    Capabilities,
    FlagSetting,
    IdentitySynchronization,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    configurations,
    is_guid,
)

_WITH_TARGETS: Final = (*TARGET_PROPERTIES, Property.M365_CAPABILITIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTarget:
    """One id in a setting. Graph's reserved words are no ids."""

    setting: Property
    target: Target
    """The target, with its id in lower case."""
    owner: Owner


def written_targets(plan: Plan) -> tuple[NamedTarget, ...]:
    """List the targets in the settings that a plan writes, as they are after it, each once.

    An adoption writes nothing, and is about all current settings.
    """
    if plan.adoption is not None:
        return current_targets(plan.before)
    return tuple(dict.fromkeys(target for change in changes(plan) for target in targets_in(change.name, change.after)))


def shown_targets(plan: Plan) -> tuple[NamedTarget, ...]:
    """List the targets in the settings that a plan writes, before and after it, each once.

    Written targets come first.
    """
    before = (target for change in changes(plan) for target in targets_in(change.name, change.before))
    return tuple(dict.fromkeys((*written_targets(plan), *before)))


def current_targets(configuration: Mapping[str, Any] | None) -> tuple[NamedTarget, ...]:
    """List the targets that a partner's own configuration names, each once."""
    return tuple(
        dict.fromkeys(target for name in _WITH_TARGETS for target in targets_in(name, (configuration or {}).get(name)))
    )


def targets_in(name: str, document: Any) -> Iterator[NamedTarget]:
    """List the ids in one setting's document; empty when this version cannot read it."""
    try:
        setting = Property(name)
        lists = _lists(parse_setting(setting, document))
    except (UnreadableSetting, ValueError):
        return
    for configuration in lists:
        for target in () if configuration is None else configuration.targets:
            if is_guid(target.id):
                own = Target(type=target.type, id=target.id.lower())
                yield NamedTarget(setting=setting, target=own, owner=owner_of(setting, target.type))


def _lists(setting: Setting) -> tuple[TargetConfiguration | None, ...]:
    if setting is None or isinstance(setting, FlagSetting | IdentitySynchronization):
        return ()
    if isinstance(setting, Capabilities):
        return tuple(capability.people for capability in setting.items)
    return configurations(setting)
