"""Compute the effective settings of a partner: its own settings merged with the tenant's default.

Each property that a partner does not set is inherited (Graph: "Cross-tenant access settings API overview"). Inside a
property, each list and each flag is inherited separately. When only one of two lists is set, it is not documented
whether the other one is inherited (see `certainty`). A tenant of another Microsoft cloud inherits nothing until it is
added (Entra: "Configure Microsoft cloud settings for B2B collaboration").
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import parse_capabilities, unknown_capabilities
from workflows.core.settings.certainty import Doubt, setting_doubts
from workflows.core.settings.documents import parse_setting, parse_targets
from workflows.core.settings.model import (
    FLAGS,
    M365_CAPABILITIES,
    NOBODY,
    TARGET_PROPERTIES,
    Capability,
    CapabilityName,
    Property,
    TargetConfiguration,
    TargetSetting,
    blocked_setting,
    configurations,
    lists_of,
    named_lists,
    target_setting,
)

SYNCHRONIZATION_FLAG: Final = "is_allowed"
_MAX_CACHED_RESULTS: Final = 64
_IS_SERVICE_DEFAULT: Final = "isServiceDefault"
_USED_MEMBERS: Final = (*Property, _IS_SERVICE_DEFAULT)
"""All that the effective settings depend on."""


class Origin(StrEnum):
    """Where an effective value comes from. Records and JSON keep the values, so they never change."""

    SET_HERE = "set here"
    TENANT_DEFAULT = "the tenant's default"
    MICROSOFT_DEFAULT = "Microsoft's default"
    """The value of a default that the tenant has never changed, or cannot change."""
    UNREADABLE = "could not be read"
    NOT_ADDED = "a tenant of another cloud, not added here"
    """A tenant of another Microsoft cloud without a configuration. It is blocked, and no default applies."""

    @property
    def is_inherited(self) -> bool:
        """Return whether the value comes from a default."""
        return self in (Origin.TENANT_DEFAULT, Origin.MICROSOFT_DEFAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveTargets:
    """The effective lists of a setting, and the origin of each list in the order of `lists_of`.

    A list that is None is not known.
    """

    setting: TargetSetting
    origins: tuple[Origin, ...]
    is_partly_set: bool = False
    """Whether only one of two lists is set for the partner. `setting` then contains the default for the other list.

    No decision may use that default: see `certain_setting`.
    """

    @property
    def certain_setting(self) -> TargetSetting:
        """Return the setting with only the lists that certainly apply; other lists are None. Decisions must use it."""
        if not self.is_partly_set:
            return self.setting
        kind: type[Any] = type(self.setting)
        unknown: TargetSetting = kind(**{target_list.model_name: None for target_list, _ in named_lists(self.setting)})
        return unknown

    @property
    def is_unset(self) -> bool:
        """Return whether every list is set neither for the partner nor in a default that was read.

        What then applies is not documented. A capability without a value has one that is not known.
        """
        if isinstance(self.setting, Capability):
            return False
        lists = zip(configurations(self.setting), self.origins, strict=True)
        return all(one is None and origin.is_inherited for one, origin in lists)

    @property
    def inherits(self) -> bool:
        """Return whether any of the lists comes from a default."""
        return any(origin.is_inherited for origin in self.origins)

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """List why it is not certain what the setting allows; empty when it is certain for all known lists."""
        gap = (Doubt.ONE_LIST_ONLY,) if self.is_partly_set else ()
        return (*gap, *setting_doubts(self.setting))


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveFlag:
    """The effective value of one flag, and where it comes from. None means that the value is not known."""

    value: bool | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveSettings:
    """All effective settings of one partner."""

    targets: Mapping[Property, EffectiveTargets]
    flags: Mapping[tuple[Property, str], EffectiveFlag]
    """The flags by property and by the flag's name in the model."""
    capabilities: Mapping[CapabilityName, EffectiveTargets]
    """Whose data each Microsoft 365 capability is about. Microsoft 365 collaboration with the partner is not considered
    here: without it no capability has an effect."""


def effective_settings(
    configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool = False
) -> EffectiveSettings:
    """Return the partner's effective settings: its own configuration merged with the tenant's default.

    Automatic redemption has the read-only default false in every tenant (Graph:
    "crossTenantAccessPolicyConfigurationDefault"). Without a synchronization policy nothing is synchronized. A
    Microsoft 365 capability that is set neither here nor in the default is off; without their lists it is not known.

    :param configuration: the partner's configuration in our tenant; None when there is none.
    :param default: the default's document; None when it could not be read, so that inherited values are not known.
    :param is_cross_cloud: whether the partner is in another Microsoft cloud. Without a configuration it is then
        blocked, whatever the default says.
    """
    # One card needs the same result many times, and partners of one template have the same result. The properties
    # that are used are compared by value, because the documents can be changed.
    cache_key = repr((_used_members(configuration), _used_members(default)))
    return _merge(_Inputs(configuration, default, is_cross_cloud, cache_key))


def _used_members(document: JsonObject | None) -> list[Any] | None:
    return None if document is None else [document.get(name) for name in _USED_MEMBERS]


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The arguments of `effective_settings`, compared by the text of what is read of the documents."""

    configuration: JsonObject | None = field(compare=False)
    default: JsonObject | None = field(compare=False)
    is_cross_cloud: bool
    cache_key: str


@lru_cache(maxsize=_MAX_CACHED_RESULTS)
def _merge(inputs: _Inputs) -> EffectiveSettings:
    configuration, default = inputs.configuration, inputs.default
    if configuration is None and inputs.is_cross_cloud:
        return _not_added(default)
    inherited = Origin.MICROSOFT_DEFAULT if (default or {}).get(_IS_SERVICE_DEFAULT) is True else Origin.TENANT_DEFAULT
    own, fallback = configuration or {}, default or {}
    origin = Origin.UNREADABLE if default is None else inherited
    flags = {
        (name, key): _flag(name, key, own, fallback, origin)
        for name, keys in {**FLAGS, Property.IDENTITY_SYNCHRONIZATION: (SYNCHRONIZATION_FLAG,)}.items()
        for key in keys
    }
    targets = {name: _targets(name, own, fallback, origin) for name in TARGET_PROPERTIES}
    own_capabilities = _capabilities_in({M365_CAPABILITIES: ()} if configuration is None else own)
    capabilities = _merge_capabilities(own_capabilities, _capabilities_in(fallback), inherited)
    return EffectiveSettings(
        targets=MappingProxyType(targets), flags=MappingProxyType(flags), capabilities=MappingProxyType(capabilities)
    )


def _not_added(default: JsonObject | None) -> EffectiveSettings:
    """Return the effective settings of a tenant of another cloud that is not added: all access is blocked.

    Trust flags have no effect there. The default's tenant restrictions apply: they limit accounts on our own devices,
    for tenants of every cloud.
    """
    default_settings = effective_settings({}, default)
    restrictions = Property.TENANT_RESTRICTIONS
    blocked = {name: _blocked_targets(name) for name in TARGET_PROPERTIES if name is not restrictions}
    off = EffectiveFlag(value=False, origin=Origin.NOT_ADDED)
    return EffectiveSettings(
        targets=MappingProxyType({**default_settings.targets, **blocked}),
        flags=MappingProxyType(dict.fromkeys(default_settings.flags, off)),
        capabilities=MappingProxyType({name: _capability(name, NOBODY, Origin.NOT_ADDED) for name in CapabilityName}),
    )


def _blocked_targets(name: Property) -> EffectiveTargets:
    return EffectiveTargets(setting=blocked_setting(name), origins=(Origin.NOT_ADDED,) * len(lists_of(name)))


def _capabilities_in(document: JsonObject) -> Mapping[CapabilityName, TargetConfiguration | None] | None:
    """Return whose data each capability of a document is about (None: not known); None when they were not read.

    An entry of a known capability in an unknown form may allow anything.
    """
    try:
        found = parse_capabilities(document.get(M365_CAPABILITIES))
    except UnreadableSetting:
        return None
    if found is None:
        return None
    unclear = {name.partition(" ")[0] for name in unknown_capabilities(document[M365_CAPABILITIES])}
    return {item.name: item.people for item in found.items if item.name not in unclear} | {
        name: None for name in CapabilityName if name in unclear
    }


def _merge_capabilities(
    own: Mapping[CapabilityName, TargetConfiguration | None] | None,
    default: Mapping[CapabilityName, TargetConfiguration | None] | None,
    inherited: Origin,
) -> dict[CapabilityName, EffectiveTargets]:
    merged: dict[CapabilityName, EffectiveTargets] = {}
    for name in CapabilityName:
        if own is not None and name in own:
            merged[name] = _capability(name, own[name], Origin.SET_HERE)
        elif own is None or default is None:
            merged[name] = _capability(name, None, Origin.UNREADABLE)
        elif name in default:
            merged[name] = _capability(name, default[name], inherited)
        else:
            merged[name] = _capability(name, NOBODY, Origin.MICROSOFT_DEFAULT)
    return merged


def _capability(name: CapabilityName, people: TargetConfiguration | None, origin: Origin) -> EffectiveTargets:
    return EffectiveTargets(setting=Capability(name=name, people=people), origins=(origin,))


def _targets(name: Property, configuration: JsonObject, default: JsonObject, origin: Origin) -> EffectiveTargets:
    partner_lists, default_lists = _lists(name, configuration), _lists(name, default)
    if partner_lists is None:
        return _unknown(name)
    if default_lists is None:
        default_lists, origin = (None,) * len(partner_lists), Origin.UNREADABLE
    lists = [here if here is not None else there for here, there in zip(partner_lists, default_lists, strict=True)]
    origins = tuple(Origin.SET_HERE if here is not None else origin for here in partner_lists)
    is_partly_set = None in partner_lists and any(partner_list is not None for partner_list in partner_lists)
    return EffectiveTargets(setting=target_setting(name, lists), origins=origins, is_partly_set=is_partly_set)


def _unknown(name: Property) -> EffectiveTargets:
    count = len(lists_of(name))
    return EffectiveTargets(setting=target_setting(name, [None] * count), origins=(Origin.UNREADABLE,) * count)


def _flag(name: Property, key: str, configuration: JsonObject, default: JsonObject, origin: Origin) -> EffectiveFlag:
    try:
        value = getattr(parse_setting(name, configuration.get(name)), key, None)
    except UnreadableSetting:
        return EffectiveFlag(value=None, origin=Origin.UNREADABLE)
    if value is not None:
        return EffectiveFlag(value=value, origin=Origin.SET_HERE)
    if name is not Property.INBOUND_TRUST:
        return EffectiveFlag(value=False, origin=Origin.MICROSOFT_DEFAULT)
    try:
        return EffectiveFlag(value=getattr(parse_setting(name, default.get(name)), key, None), origin=origin)
    except UnreadableSetting:
        return EffectiveFlag(value=None, origin=Origin.UNREADABLE)


def _lists(name: Property, document: JsonObject) -> tuple[TargetConfiguration | None, ...] | None:
    """Return the lists of one property; None when they cannot be read."""
    try:
        setting = parse_targets(name, document.get(name))
    except UnreadableSetting:
        return None
    return (None,) * len(lists_of(name)) if setting is None else configurations(setting)
