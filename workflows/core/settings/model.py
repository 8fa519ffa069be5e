"""The model of a partner's cross-tenant access configuration, with Graph's names of all its properties.

To read and write one more property, add it here first; docs/architecture.md lists the other places. None means
"inherits the tenant's default" everywhere (Graph: "crossTenantAccessPolicyConfigurationPartner").
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, NewType

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

TenantId = NewType("TenantId", str)
"""The id of a tenant: a GUID in lower case."""


def is_tenant_id(target: str) -> bool:
    """Return whether a normalized target is a tenant id rather than a domain."""
    return _GUID.fullmatch(target) is not None and target == target.lower()


class Property(StrEnum):
    """The settings of a partner that a plan may write. The values are Graph's names, which are case-sensitive."""

    B2B_COLLABORATION_INBOUND = "b2bCollaborationInbound"
    B2B_COLLABORATION_OUTBOUND = "b2bCollaborationOutbound"
    B2B_DIRECT_CONNECT_INBOUND = "b2bDirectConnectInbound"
    B2B_DIRECT_CONNECT_OUTBOUND = "b2bDirectConnectOutbound"
    INBOUND_TRUST = "inboundTrust"
    AUTOMATIC_REDEMPTION = "automaticUserConsentSettings"
    IDENTITY_SYNCHRONIZATION = "identitySynchronization"
    """The synchronization policy. It has its own endpoint."""
    TENANT_RESTRICTIONS = "tenantRestrictions"
    M365_COLLABORATION_INBOUND = "m365CollaborationInbound"
    M365_COLLABORATION_OUTBOUND = "m365CollaborationOutbound"
    APP_SERVICE_CONNECT_INBOUND = "appServiceConnectInbound"
    M365_CAPABILITIES = "m365Capabilities"
    """The list of the partner's Microsoft 365 capabilities. Each capability has its own address."""


B2B_PROPERTIES: Final = (
    Property.B2B_COLLABORATION_INBOUND,
    Property.B2B_COLLABORATION_OUTBOUND,
    Property.B2B_DIRECT_CONNECT_INBOUND,
    Property.B2B_DIRECT_CONNECT_OUTBOUND,
)

SERVICE_PROPERTIES: Final = (
    Property.M365_COLLABORATION_INBOUND,
    Property.M365_COLLABORATION_OUTBOUND,
    Property.APP_SERVICE_CONNECT_INBOUND,
)
"""The settings of Microsoft 365 and App Service. They give no access until somebody sets them."""
M365_CAPABILITIES: Final = Property.M365_CAPABILITIES.value
IDENTITY_SYNCHRONIZATION: Final = Property.IDENTITY_SYNCHRONIZATION.value
USER_SYNC_INBOUND: Final = "userSyncInbound"
"""The member of the synchronization policy that allows to synchronize users."""
IS_SYNC_ALLOWED: Final = "isSyncAllowed"
"""The flag inside `USER_SYNC_INBOUND`."""

ALL_USERS: Final = "AllUsers"
ALL_APPLICATIONS: Final = "AllApplications"
OFFICE_365: Final = "Office365"
ALL_MICROSOFT_APPS: Final = "AllMicrosoftApps"


class AccessType(StrEnum):
    """Whether the targets of a list are allowed or blocked. All other targets get the opposite."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"


class TargetType(StrEnum):
    """The kind of object of a target. AllUsers has the type `user`, also in a list of groups (Graph's rule)."""

    USER = "user"
    GROUP = "group"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Target:
    """A user, group or application: its GUID, or one of Graph's reserved words."""

    type: TargetType
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetConfiguration:
    """A list of targets that are allowed, or of targets that are blocked.

    All targets outside the list get the opposite.
    """

    access: AccessType
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class B2BSetting:
    """One direction of B2B collaboration or direct connect: which users may use which applications."""

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
    """Which applications the partner may use by App Service connect."""

    applications: TargetConfiguration | None


class CapabilityName(StrEnum):
    """The Microsoft 365 capabilities that a plan may write, by Graph's names. Mailbox migration is not one of them."""

    FREE_BUSY = "crossTenantCalendarAvailabilityBasic"
    FREE_BUSY_WITH_DETAILS = "crossTenantCalendarAvailabilityLimitedDetails"
    CALENDAR_TIMES = "crossTenantCalendarSharingFreeBusySimple"
    CALENDAR_DETAILS = "crossTenantCalendarSharingFreeBusyDetail"
    CALENDAR_EVERYTHING = "crossTenantCalendarSharingFreeBusyReviewer"
    MAIL_TIPS_LIMITED = "crossTenantMailTipsLimited"
    MAIL_TIPS_ALL = "crossTenantMailTipsAll"
    PROFILE_CARD = "crossTenantOpenProfileCard"
    DESK_BOOKING = "crossTenantPlacesDeskBooking"
    ROOM_BOOKING = "crossTenantPlacesRoomBooking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One Microsoft 365 capability: whose data people of the partner may see, or what of ours they may book."""

    name: CapabilityName
    people: TargetConfiguration | None
    """Our users and groups. A block of all users switches the capability off. None: it is not known whose data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The Microsoft 365 capabilities that are set for a partner, each once, in the order of their names."""

    items: tuple[Capability, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundTrust:
    """Which MFA and device claims of the partner's tenant our Conditional Access accepts.

    There is no outbound trust.
    """

    mfa: bool | None = None
    compliant_device: bool | None = None
    hybrid_joined_device: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticRedemption:
    """Whether there is no consent prompt. It takes effect only when the other tenant sets its flag too."""

    inbound: bool | None = None
    outbound: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySynchronization:
    """Whether the partner may synchronize its users into this tenant."""

    is_allowed: bool | None = None


TargetSetting = B2BSetting | M365CollaborationInbound | M365CollaborationOutbound | AppServiceConnect | Capability
FlagSetting = InboundTrust | AutomaticRedemption
Setting = TargetSetting | FlagSetting | IdentitySynchronization | Capabilities | None


class TargetListName(NamedTuple):
    """One list of a setting: its names in Graph and in the model, and the reserved word for all targets."""

    graph_name: str
    model_name: str
    word_for_all: str


_USERS_AND_GROUPS: Final = TargetListName("usersAndGroups", "users_and_groups", ALL_USERS)
_APPLICATIONS: Final = TargetListName("applications", "applications", ALL_APPLICATIONS)
_BOTH: Final = (_USERS_AND_GROUPS, _APPLICATIONS)

_TARGET_TYPES: Final[Mapping[Property, type[TargetSetting]]] = {
    **dict.fromkeys(B2B_PROPERTIES, B2BSetting),
    Property.TENANT_RESTRICTIONS: TenantRestrictions,
    Property.M365_COLLABORATION_INBOUND: M365CollaborationInbound,
    Property.M365_COLLABORATION_OUTBOUND: M365CollaborationOutbound,
    Property.APP_SERVICE_CONNECT_INBOUND: AppServiceConnect,
}
_LISTS: Final[Mapping[type[Any], tuple[TargetListName, ...]]] = {
    B2BSetting: _BOTH,
    TenantRestrictions: _BOTH,
    M365CollaborationInbound: (TargetListName("users", "users", ALL_USERS),),
    M365CollaborationOutbound: (_USERS_AND_GROUPS,),
    AppServiceConnect: (_APPLICATIONS,),
    Capability: (TargetListName("resourceScopes", "people", ALL_USERS),),
}
TARGET_PROPERTIES: Final = tuple(_TARGET_TYPES)
"""The settings that consist of lists of targets."""

_BLOCKED: Final[Mapping[str, TargetConfiguration]] = {
    everything: TargetConfiguration(access=AccessType.BLOCKED, targets=(Target(type=kind, id=everything),))
    for everything, kind in ((ALL_USERS, TargetType.USER), (ALL_APPLICATIONS, TargetType.APPLICATION))
}
NOBODY: Final = _BLOCKED[ALL_USERS]
"""An explicit block of all users."""
BLOCK_ALL: Final = B2BSetting(users_and_groups=_BLOCKED[ALL_USERS], applications=_BLOCKED[ALL_APPLICATIONS])
"""An explicit block of all users from all applications. Both lists are set, as Graph requires."""

CLOSED: Final[Mapping[Property, Setting]] = {
    **dict.fromkeys(B2B_PROPERTIES, BLOCK_ALL),
    Property.INBOUND_TRUST: InboundTrust(mfa=False, compliant_device=False, hybrid_joined_device=False),
    Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=False, outbound=False),
}
"""The settings of a revoked partner: explicit blocks and no trust. A deleted partner would get the defaults instead."""

FLAGS: Final[Mapping[Property, Mapping[str, str]]] = {
    Property.INBOUND_TRUST: {
        "mfa": "isMfaAccepted",
        "compliant_device": "isCompliantDeviceAccepted",
        "hybrid_joined_device": "isHybridAzureADJoinedDeviceAccepted",
    },
    Property.AUTOMATIC_REDEMPTION: {"inbound": "inboundAllowed", "outbound": "outboundAllowed"},
}
"""The settings that consist of flags: by property, each flag's name in the model and in Graph."""


def lists_of(name: Property) -> tuple[TargetListName, ...]:
    """Return the lists that a setting of `TARGET_PROPERTIES` consists of, users first."""
    return _LISTS[_TARGET_TYPES[name]]


def configurations(setting: TargetSetting) -> tuple[TargetConfiguration | None, ...]:
    """Return a setting's lists in the order of `lists_of`."""
    return tuple(configuration for _, configuration in named_lists(setting))


def named_lists(setting: TargetSetting) -> Iterator[tuple[TargetListName, TargetConfiguration | None]]:
    """Return a setting's lists with their names, users first."""
    return ((target_list, getattr(setting, target_list.model_name)) for target_list in _LISTS[type(setting)])


def target_setting(name: Property, lists: Sequence[TargetConfiguration | None]) -> TargetSetting:
    """Make a setting of `TARGET_PROPERTIES` from its lists, in the order of `lists_of`."""
    pairs = zip(lists_of(name), lists, strict=True)
    kind: type[Any] = _TARGET_TYPES[name]
    setting: TargetSetting = kind(**{target_list.model_name: configuration for target_list, configuration in pairs})
    return setting


def blocked_setting(name: Property) -> TargetSetting:
    """Make the explicit block of a setting of `TARGET_PROPERTIES`: all its lists block everything."""
    return target_setting(name, [_BLOCKED[target_list.word_for_all] for target_list in lists_of(name)])


def is_guid(text: str) -> bool:
    """Return whether the text is a GUID in the usual form, in upper or lower case."""
    return _GUID.fullmatch(text) is not None
