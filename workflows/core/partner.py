"""A partner's cross-tenant access configuration: the model, and its Graph document.

None means "inherits the tenant's default" everywhere (Graph: "crossTenantAccessPolicyConfigurationPartner").
A *document* is the JSON object that Graph sends and takes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NewType, assert_never

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


B2B_PROPERTIES: Final = (
    Property.B2B_COLLABORATION_INBOUND,
    Property.B2B_COLLABORATION_OUTBOUND,
    Property.B2B_DIRECT_CONNECT_INBOUND,
    Property.B2B_DIRECT_CONNECT_OUTBOUND,
)

IDENTITY_SYNCHRONIZATION: Final = "identitySynchronization"
"""The navigation property that holds the synchronization policy; written at an address of its own."""

ALL_USERS: Final = "AllUsers"
ALL_APPLICATIONS: Final = "AllApplications"
OFFICE_365: Final = "Office365"


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


Setting = B2BSetting | InboundTrust | AutomaticRedemption | None

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

_TRUST_NAMES: Final = {
    "mfa": "isMfaAccepted",
    "compliant_device": "isCompliantDeviceAccepted",
    "hybrid_joined_device": "isHybridAzureADJoinedDeviceAccepted",
}
_REDEMPTION_NAMES: Final = {"inbound": "inboundAllowed", "outbound": "outboundAllowed"}


def to_document(setting: Setting) -> dict[str, Any] | None:
    """Render one setting as Graph writes it: complete B2B halves, only the flags that are set, null for "inherits"."""
    match setting:
        case None:
            return None
        case B2BSetting():
            return {
                "usersAndGroups": _targets_document(setting.users_and_groups),
                "applications": _targets_document(setting.applications),
            }
        case InboundTrust():
            return _flags_document(setting, _TRUST_NAMES)
        case AutomaticRedemption():
            return _flags_document(setting, _REDEMPTION_NAMES)
        case _:
            assert_never(setting)


def parse_setting(name: Property, document: object) -> Setting:
    """Read one setting from a Graph document.

    :raises UnreadableSetting: when the value is of a shape or vocabulary unknown to this version.
    """
    if document is None:
        return None
    if not isinstance(document, Mapping):
        raise UnreadableSetting(f"{name}: expected an object, got {type(document).__name__}")
    if name in B2B_PROPERTIES:
        return B2BSetting(
            users_and_groups=_parse_targets(name, document.get("usersAndGroups")),
            applications=_parse_targets(name, document.get("applications")),
        )
    if name is Property.INBOUND_TRUST:
        return InboundTrust(**_parse_flags(name, document, _TRUST_NAMES))
    return AutomaticRedemption(**_parse_flags(name, document, _REDEMPTION_NAMES))


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


def _flags_document(setting: InboundTrust | AutomaticRedemption, names: Mapping[str, str]) -> dict[str, Any]:
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
