"""A partner's cross-tenant access configuration: the model, and its Graph document.

None means "inherits the tenant's default" everywhere (Graph: "crossTenantAccessPolicyConfigurationPartner").
A *document* is the JSON object that Graph sends and takes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, NewType, assert_never

from workflows.core.canonical import JsonObject
from workflows.core.errors import UnreadableSetting

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

TenantId = NewType("TenantId", str)
"""A tenant's GUID, lower case."""


class Property(StrEnum):
    """The settings of a partner that a plan may write; values are Graph's names, which are case-sensitive."""

    B2B_COLLABORATION_INBOUND = "b2bCollaborationInbound"
    B2B_COLLABORATION_OUTBOUND = "b2bCollaborationOutbound"
    B2B_DIRECT_CONNECT_INBOUND = "b2bDirectConnectInbound"
    B2B_DIRECT_CONNECT_OUTBOUND = "b2bDirectConnectOutbound"
    INBOUND_TRUST = "inboundTrust"
    AUTOMATIC_REDEMPTION = "automaticUserConsentSettings"
    IDENTITY_SYNCHRONIZATION = "identitySynchronization"
    """The navigation property that holds the synchronization policy; written at an address of its own."""
    TENANT_RESTRICTIONS = "tenantRestrictions"
    M365_COLLABORATION_INBOUND = "m365CollaborationInbound"
    M365_COLLABORATION_OUTBOUND = "m365CollaborationOutbound"
    APP_SERVICE_CONNECT_INBOUND = "appServiceConnectInbound"


B2B_PROPERTIES: Final = (
    Property.B2B_COLLABORATION_INBOUND,
    Property.B2B_COLLABORATION_OUTBOUND,
    Property.B2B_DIRECT_CONNECT_INBOUND,
    Property.B2B_DIRECT_CONNECT_OUTBOUND,
)

IDENTITY_SYNCHRONIZATION: Final = Property.IDENTITY_SYNCHRONIZATION.value

ALL_USERS: Final = "AllUsers"
ALL_APPLICATIONS: Final = "AllApplications"
OFFICE_365: Final = "Office365"
ALL_MICROSOFT_APPS: Final = "AllMicrosoftApps"


class AccessType(StrEnum):
    """Whether the targets of a list are let in or kept out; the rest get the opposite."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"


class TargetType(StrEnum):
    """What a target id stands for. AllUsers is a `user` even where groups are listed (Graph's rule)."""

    USER = "user"
    GROUP = "group"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Target:
    """A user, group or application, by GUID or by one of Graph's reserved words."""

    type: TargetType
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetConfiguration:
    """An allow-list or a deny-list."""

    access: AccessType
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class B2BSetting:
    """Who, and to which applications: one direction of B2B collaboration or direct connect."""

    users_and_groups: TargetConfiguration | None
    applications: TargetConfiguration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRestrictions(B2BSetting):
    """Which accounts of the partner may be used on our devices and networks. Graph's `devices` is never sent.

    Graph: "crossTenantAccessPolicyTenantRestrictions": "not supported on the server side yet".
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class M365CollaborationInbound:
    """Which of the partner's users may take part in Microsoft 365 collaboration here."""

    users: TargetConfiguration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class M365CollaborationOutbound:
    """Which of our users may take part in the partner's Microsoft 365 collaboration."""

    users_and_groups: TargetConfiguration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppServiceConnect:
    """Which applications the partner may reach by App Service connect."""

    applications: TargetConfiguration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundTrust:
    """Which claims of the partner's tenant satisfy our Conditional Access. There is no outbound trust."""

    mfa: bool | None = None
    compliant_device: bool | None = None
    hybrid_joined_device: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticRedemption:
    """Whether the consent prompt is suppressed; takes effect only when the other tenant sets its half."""

    inbound: bool | None = None
    outbound: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySynchronization:
    """Whether the partner may synchronize its users into this tenant."""

    is_allowed: bool | None = None


TargetSetting = B2BSetting | M365CollaborationInbound | M365CollaborationOutbound | AppServiceConnect
FlagSetting = InboundTrust | AutomaticRedemption
Setting = TargetSetting | FlagSetting | IdentitySynchronization | None


class Half(NamedTuple):
    """One list of a setting: its name in Graph, in the model, and the reserved word that stands for all of it."""

    graph: str
    ours: str
    everything: str


_USERS_AND_GROUPS: Final = Half("usersAndGroups", "users_and_groups", ALL_USERS)
_APPLICATIONS: Final = Half("applications", "applications", ALL_APPLICATIONS)
_BOTH: Final = (_USERS_AND_GROUPS, _APPLICATIONS)

_TARGET_TYPES: Final[Mapping[Property, type[TargetSetting]]] = {
    **dict.fromkeys(B2B_PROPERTIES, B2BSetting),
    Property.TENANT_RESTRICTIONS: TenantRestrictions,
    Property.M365_COLLABORATION_INBOUND: M365CollaborationInbound,
    Property.M365_COLLABORATION_OUTBOUND: M365CollaborationOutbound,
    Property.APP_SERVICE_CONNECT_INBOUND: AppServiceConnect,
}
_HALVES: Final[Mapping[type[Any], tuple[Half, ...]]] = {
    B2BSetting: _BOTH,
    TenantRestrictions: _BOTH,
    M365CollaborationInbound: (Half("users", "users", ALL_USERS),),
    M365CollaborationOutbound: (_USERS_AND_GROUPS,),
    AppServiceConnect: (_APPLICATIONS,),
}
TARGET_PROPERTIES: Final = tuple(_TARGET_TYPES)
"""The settings that are made of lists of targets."""

BLOCK_ALL: Final = B2BSetting(
    users_and_groups=TargetConfiguration(
        access=AccessType.BLOCKED, targets=(Target(type=TargetType.USER, id=ALL_USERS),)
    ),
    applications=TargetConfiguration(
        access=AccessType.BLOCKED, targets=(Target(type=TargetType.APPLICATION, id=ALL_APPLICATIONS),)
    ),
)
"""An explicit block of everybody from everything. Both halves, as Graph demands."""

CLOSED: Final[Mapping[Property, Setting]] = {
    **dict.fromkeys(B2B_PROPERTIES, BLOCK_ALL),
    Property.INBOUND_TRUST: InboundTrust(mfa=False, compliant_device=False, hybrid_joined_device=False),
    Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=False, outbound=False),
}
"""What "revoked" means: explicit blocks and no trust. A removed partner would fall back to the defaults instead."""

FLAGS: Final[Mapping[Property, Mapping[str, str]]] = {
    Property.INBOUND_TRUST: {
        "mfa": "isMfaAccepted",
        "compliant_device": "isCompliantDeviceAccepted",
        "hybrid_joined_device": "isHybridAzureADJoinedDeviceAccepted",
    },
    Property.AUTOMATIC_REDEMPTION: {"inbound": "inboundAllowed", "outbound": "outboundAllowed"},
}
"""The settings that are made of flags: each flag's name in the model, and in Graph."""
_SYNC: Final = "userSyncInbound"
_SYNC_ALLOWED: Final = "isSyncAllowed"


def halves_of(name: Property) -> tuple[Half, ...]:
    """List the lists that a setting of `TARGET_PROPERTIES` is made of, people first."""
    return _HALVES[_TARGET_TYPES[name]]


def configurations(setting: TargetSetting) -> tuple[TargetConfiguration | None, ...]:
    """Give a setting's lists in the order of `halves_of`."""
    return tuple(getattr(setting, half.ours) for half in _HALVES[type(setting)])


def target_setting(name: Property, lists: Sequence[TargetConfiguration | None]) -> TargetSetting:
    """Make a setting of `TARGET_PROPERTIES` from its lists in the order of `halves_of`."""
    named = zip(halves_of(name), lists, strict=True)
    return _TARGET_TYPES[name](**{half.ours: configuration for half, configuration in named})


def to_document(setting: Setting) -> dict[str, Any] | None:
    """Render one setting as Graph writes it: complete lists, only the flags that are set, null for "inherits"."""
    match setting:
        case None:
            return None
        case InboundTrust():
            return _flags_document(setting, FLAGS[Property.INBOUND_TRUST])
        case AutomaticRedemption():
            return _flags_document(setting, FLAGS[Property.AUTOMATIC_REDEMPTION])
        case IdentitySynchronization():
            return {_SYNC: {_SYNC_ALLOWED: setting.is_allowed}}
        case B2BSetting() | M365CollaborationInbound() | M365CollaborationOutbound() | AppServiceConnect():
            lists = zip(_HALVES[type(setting)], configurations(setting), strict=True)
            return {half.graph: _targets_document(configuration) for half, configuration in lists}
        case _:
            assert_never(setting)


def parse_setting(name: Property, document: object) -> Setting:
    """Read one setting from a Graph document.

    :raises UnreadableSetting: when the value is of a shape or vocabulary unknown to this version.
    """
    if name in TARGET_PROPERTIES:
        return parse_targets(name, document)
    if document is None:
        return None
    if not isinstance(document, Mapping):
        raise UnreadableSetting(f"{name}: expected an object, got {type(document).__name__}")
    if name is Property.IDENTITY_SYNCHRONIZATION:
        return _parse_synchronization(document)
    flags = _parse_flags(name, document, FLAGS[name])
    return InboundTrust(**flags) if name is Property.INBOUND_TRUST else AutomaticRedemption(**flags)


def parse_targets(name: Property, document: object) -> TargetSetting | None:
    """Read one setting of `TARGET_PROPERTIES` from a Graph document.

    :raises UnreadableSetting: when the value is of a shape or vocabulary unknown to this version.
    """
    if document is None:
        return None
    if not isinstance(document, Mapping):
        raise UnreadableSetting(f"{name}: expected an object, got {type(document).__name__}")
    return target_setting(name, [_parse_targets(name, document.get(half.graph)) for half in halves_of(name)])


def normalize(value: Any) -> Any:
    """Give two documents that mean the same the same form.

    Drops nulls and OData annotations (absent and null both mean "inherits"), orders target lists, lowers the case of
    GUIDs. Undeclared fields stay, so that a change in one of them is seen.
    """
    if isinstance(value, Mapping):
        members = {
            key: normalize(item) for key, item in value.items() if not key.startswith("@odata.") and "@" not in key
        }
        return {key: item for key, item in members.items() if item not in (None, {})}
    if isinstance(value, list | tuple):
        return sorted((normalize(item) for item in value), key=_order)
    if isinstance(value, str) and is_guid(value):
        return value.lower()
    return value


def means_the_same(left: JsonObject | None, right: JsonObject | None) -> bool:
    """Tell whether two documents (None: no such object) describe the same configuration."""
    if left is None or right is None:
        return left is None and right is None
    return bool(normalize(left) == normalize(right))


def _targets_document(configuration: TargetConfiguration | None) -> dict[str, Any] | None:
    if configuration is None:
        return None
    return {
        "accessType": configuration.access.value,
        "targets": [{"target": target.id, "targetType": target.type.value} for target in configuration.targets],
    }


def _flags_document(setting: FlagSetting, names: Mapping[str, str]) -> dict[str, Any]:
    return {graph: value for ours, graph in names.items() if (value := getattr(setting, ours)) is not None}


def _parse_targets(name: Property, document: object) -> TargetConfiguration | None:
    if document is None:
        return None
    if not isinstance(document, Mapping):
        raise UnreadableSetting(f"{name}: expected an object with accessType and targets, got {document!r}")
    try:
        return TargetConfiguration(
            access=AccessType(document["accessType"]),
            targets=tuple(
                Target(type=TargetType(item["targetType"]), id=_text(item["target"])) for item in document["targets"]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableSetting(f"{name}: this version cannot read the targets {document!r}") from error


def _parse_synchronization(document: Mapping[str, Any]) -> IdentitySynchronization:
    inbound = document.get(_SYNC)
    flag = inbound.get(_SYNC_ALLOWED) if isinstance(inbound, Mapping) else inbound
    if flag is not None and (not isinstance(flag, bool) or not isinstance(inbound, Mapping)):
        raise UnreadableSetting(f"{IDENTITY_SYNCHRONIZATION}: expected isSyncAllowed true, false or null")
    return IdentitySynchronization(is_allowed=flag)


def _parse_flags(name: Property, document: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, bool | None]:
    flags: dict[str, bool | None] = {}
    for ours, graph in names.items():
        value = document.get(graph)
        if value is not None and not isinstance(value, bool):
            raise UnreadableSetting(f"{name}.{graph}: expected true, false or null, got {value!r}")
        flags[ours] = value
    return flags


def _order(item: Any) -> str:
    """Give a sort key that does not depend on the order of an object's members."""
    return repr(sorted(item.items())) if isinstance(item, Mapping) else repr(item)


def is_guid(text: str) -> bool:
    """Tell whether this is a GUID in the usual form, whatever its case."""
    return _GUID.fullmatch(text) is not None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {value!r}")
    return value
