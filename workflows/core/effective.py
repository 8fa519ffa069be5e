"""What really stands for a partner: its own settings merged with the tenant's default.

A setting that a partner does not have is inherited property by property (Graph: "Cross-tenant access settings API
overview"); inside a property, list by list and flag by flag.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workflows.core.canonical import JsonObject
from workflows.core.documents import parse_setting, parse_targets
from workflows.core.errors import UnreadableSetting
from workflows.core.partner import (
    FLAGS,
    TARGET_PROPERTIES,
    Property,
    TargetConfiguration,
    TargetSetting,
    configurations,
    halves_of,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveTargets:
    """The lists that apply, in the order of `halves_of`, and where each comes from; a list of None is not known."""

    setting: TargetSetting
    origins: tuple[Origin, ...]


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


def effective(configuration: JsonObject | None, default: JsonObject | None) -> Effective:
    """Merge a partner's own configuration with the tenant's default.

    Automatic redemption that is not set is off, whatever the tenant: its default is false and read-only (Graph:
    "crossTenantAccessPolicyConfigurationDefault"). Without a synchronization policy nothing synchronizes.

    :param configuration: the partner's own document; None when it has none.
    :param default: the default's document; None when it could not be read, and what is inherited is not known.
    """
    inherited = Origin.MICROSOFT_DEFAULT if (default or {}).get("isServiceDefault") is True else Origin.TENANT_DEFAULT
    own, fallback = configuration or {}, default or {}
    origin = Origin.UNREAD if default is None else inherited
    flags = {
        (name, key): _flag(name, key, own, fallback, origin)
        for name, keys in {**FLAGS, Property.IDENTITY_SYNCHRONIZATION: (SYNCHRONIZATION_FLAG,)}.items()
        for key in keys
    }
    return Effective(targets={name: _targets(name, own, fallback, origin) for name in TARGET_PROPERTIES}, flags=flags)


def _targets(name: Property, own: JsonObject, default: JsonObject, origin: Origin) -> EffectiveTargets:
    mine, theirs = _lists(name, own), _lists(name, default)
    if mine is None:
        return _unknown(name)
    if theirs is None:
        theirs, origin = (None,) * len(mine), Origin.UNREAD
    lists = [here if here is not None else there for here, there in zip(mine, theirs, strict=True)]
    origins = tuple(Origin.SET_HERE if here is not None else origin for here in mine)
    return EffectiveTargets(setting=target_setting(name, lists), origins=origins)


def _unknown(name: Property) -> EffectiveTargets:
    count = len(halves_of(name))
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
    return (None,) * len(halves_of(name)) if setting is None else configurations(setting)
