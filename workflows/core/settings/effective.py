"""What really stands for a partner: its own settings merged with the tenant's default.

A setting that a partner does not have is inherited property by property (Graph: "Cross-tenant access settings API
overview"); inside a property, list by list and flag by flag. Whether a list that is null beside one that is set is
inherited is not documented, so that it is a doubt. A tenant of another Microsoft cloud inherits nothing until it is
added (Entra: "Configure Microsoft cloud settings for B2B collaboration").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from workflows.core.errors import UnreadableSetting
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.certainty import Doubt, setting_doubts
from workflows.core.settings.documents import parse_setting, parse_targets
from workflows.core.settings.model import (
    FLAGS,
    TARGET_PROPERTIES,
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


class Origin(StrEnum):
    """Where a value that applies comes from; the values are the words that people read."""

    SET_HERE = "set here"
    TENANT_DEFAULT = "the tenant's default"
    MICROSOFT_DEFAULT = "Microsoft's default"
    """Of a default that the tenant never changed, or cannot change."""
    UNREAD = "could not be read"
    NOT_ADDED = "a tenant of another cloud, not added here"
    """Of a tenant of another Microsoft cloud without a configuration: it is blocked, and no default applies."""

    @property
    def is_inherited(self) -> bool:
        """Tell whether the value comes from a default."""
        return self in (Origin.TENANT_DEFAULT, Origin.MICROSOFT_DEFAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveTargets:
    """The lists that apply, in the order of `lists_of`, and where each comes from; a list of None is not known."""

    setting: TargetSetting
    origins: tuple[Origin, ...]
    is_partly_set: bool = False
    """One of two lists is set for the partner and the other is null. `setting` then shows what the default says of
    it, and nothing may rely on that: see `certain`."""

    @property
    def certain(self) -> TargetSetting:
        """Give the lists as far as they certainly apply: what every decision has to look at."""
        if not self.is_partly_set:
            return self.setting
        kind: type[Any] = type(self.setting)
        unknown: TargetSetting = kind(**{target_list.ours: None for target_list, _ in named_lists(self.setting)})
        return unknown

    @property
    def inherits(self) -> bool:
        """Tell whether any of the lists comes from a default."""
        return any(origin.is_inherited for origin in self.origins)

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """List why it is not certain what applies; empty when it is, as far as the lists are known."""
        gap = (Doubt.ONE_LIST_ONLY,) if self.is_partly_set else ()
        return (*gap, *setting_doubts(self.setting))


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveFlag:
    """A flag that applies; None is not known."""

    value: bool | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """Everything that applies to one partner."""

    targets: Mapping[Property, EffectiveTargets]
    flags: Mapping[tuple[Property, str], EffectiveFlag]
    """By property and by the flag's name in the model."""


def effective(
    configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool = False
) -> Effective:
    """Merge a partner's own configuration with the tenant's default.

    Automatic redemption that is not set is off, whatever the tenant: its default is false and read-only (Graph:
    "crossTenantAccessPolicyConfigurationDefault"). Without a synchronization policy nothing synchronizes.

    :param configuration: the partner's own document; None when it has none.
    :param default: the default's document; None when it could not be read, and what is inherited is not known.
    :param is_cross_cloud: whether the partner is in another Microsoft cloud: without a configuration it is blocked,
        whatever the default says.
    """
    if configuration is None and is_cross_cloud:
        return _not_added(default)
    inherited = Origin.MICROSOFT_DEFAULT if (default or {}).get("isServiceDefault") is True else Origin.TENANT_DEFAULT
    own, fallback = configuration or {}, default or {}
    origin = Origin.UNREAD if default is None else inherited
    flags = {
        (name, key): _flag(name, key, own, fallback, origin)
        for name, keys in {**FLAGS, Property.IDENTITY_SYNCHRONIZATION: (SYNCHRONIZATION_FLAG,)}.items()
        for key in keys
    }
    return Effective(targets={name: _targets(name, own, fallback, origin) for name in TARGET_PROPERTIES}, flags=flags)


def _not_added(default: JsonObject | None) -> Effective:
    """Give what applies to a tenant of another cloud that is not added: nobody passes, and trust helps nobody.

    Tenant restrictions are about accounts on our own devices, wherever a tenant is: there the default goes on.
    """
    known = effective({}, default)
    restrictions = Property.TENANT_RESTRICTIONS
    blocked = {name: _blocked(name) for name in TARGET_PROPERTIES if name is not restrictions}
    off = EffectiveFlag(value=False, origin=Origin.NOT_ADDED)
    return Effective(targets={**known.targets, **blocked}, flags=dict.fromkeys(known.flags, off))


def _blocked(name: Property) -> EffectiveTargets:
    return EffectiveTargets(setting=blocked_setting(name), origins=(Origin.NOT_ADDED,) * len(lists_of(name)))


def _targets(name: Property, own: JsonObject, default: JsonObject, origin: Origin) -> EffectiveTargets:
    mine, theirs = _lists(name, own), _lists(name, default)
    if mine is None:
        return _unknown(name)
    if theirs is None:
        theirs, origin = (None,) * len(mine), Origin.UNREAD
    lists = [here if here is not None else there for here, there in zip(mine, theirs, strict=True)]
    origins = tuple(Origin.SET_HERE if here is not None else origin for here in mine)
    is_partly_set = None in mine and any(one is not None for one in mine)
    return EffectiveTargets(setting=target_setting(name, lists), origins=origins, is_partly_set=is_partly_set)


def _unknown(name: Property) -> EffectiveTargets:
    count = len(lists_of(name))
    return EffectiveTargets(setting=target_setting(name, [None] * count), origins=(Origin.UNREAD,) * count)


def _flag(name: Property, key: str, own: JsonObject, default: JsonObject, origin: Origin) -> EffectiveFlag:
    try:
        value = getattr(parse_setting(name, own.get(name)), key, None)
    except UnreadableSetting:
        return EffectiveFlag(value=None, origin=Origin.UNREAD)
    if value is not None:
        return EffectiveFlag(value=value, origin=Origin.SET_HERE)
    if name is not Property.INBOUND_TRUST:
        return EffectiveFlag(value=False, origin=Origin.MICROSOFT_DEFAULT)
    try:
        return EffectiveFlag(value=getattr(parse_setting(name, default.get(name)), key, None), origin=origin)
    except UnreadableSetting:
        return EffectiveFlag(value=None, origin=Origin.UNREAD)


def _lists(name: Property, document: JsonObject) -> tuple[TargetConfiguration | None, ...] | None:
    """Give the lists of one property; None when they cannot be read."""
    try:
        setting = parse_targets(name, document.get(name))
    except UnreadableSetting:
        return None
    return (None,) * len(lists_of(name)) if setting is None else configurations(setting)
