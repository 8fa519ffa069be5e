"""One setting of a partner in words that a project manager understands."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from workflows.core.errors import UnreadableSetting
from workflows.core.partner import (
    ALL_APPLICATIONS,
    ALL_USERS,
    B2B_PROPERTIES,
    IDENTITY_SYNCHRONIZATION,
    OFFICE_365,
    AccessType,
    B2BSetting,
    Property,
    Setting,
    Target,
    TargetConfiguration,
    parse_setting,
)
from workflows.core.reach import is_list_of_exceptions, is_shut

INHERITS: Final = "inherits the tenant's default"
NOT_SET: Final = "not set"
OFF_UNSET: Final = "off (not set)"
ALLOWED: Final = "allowed"
NOT_ALLOWED: Final = "not allowed"
NOT_ALLOWED_UNSET: Final = "not allowed (not set)"
UNREADABLE: Final = "this version cannot read this value"
MOST_TARGETS: Final = 20
"""How many targets of a list are named; the rest is counted."""

TITLES: Final[Mapping[str, str]] = {
    Property.B2B_COLLABORATION_INBOUND: "B2B collaboration, inbound",
    Property.B2B_COLLABORATION_OUTBOUND: "B2B collaboration, outbound",
    Property.B2B_DIRECT_CONNECT_INBOUND: "B2B direct connect, inbound",
    Property.B2B_DIRECT_CONNECT_OUTBOUND: "B2B direct connect, outbound",
    Property.INBOUND_TRUST: "Inbound trust",
    Property.AUTOMATIC_REDEMPTION: "Automatic redemption",
    IDENTITY_SYNCHRONIZATION: "Identity synchronization into this tenant",
}
TRUST_TITLES: Final[Mapping[str, str]] = {
    "mfa": "Trust in the partner's MFA",
    "compliant_device": "Trust in the partner's compliant devices",
    "hybrid_joined_device": "Trust in the partner's hybrid joined devices",
}
REDEMPTION_TITLES: Final[Mapping[str, str]] = {
    "inbound": "Automatic redemption, inbound",
    "outbound": "Automatic redemption, outbound",
}
_MEMBERS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(B2B_PROPERTIES, frozenset({"usersAndGroups", "applications"})),
    Property.INBOUND_TRUST: frozenset(
        {"isMfaAccepted", "isCompliantDeviceAccepted", "isHybridAzureADJoinedDeviceAccepted"}
    ),
    Property.AUTOMATIC_REDEMPTION: frozenset({"inboundAllowed", "outboundAllowed"}),
}
_OUTBOUND: Final = frozenset({Property.B2B_COLLABORATION_OUTBOUND, Property.B2B_DIRECT_CONNECT_OUTBOUND})
_RESERVED: Final = {
    ALL_APPLICATIONS: "every application",
    OFFICE_365: "Office 365",
    "AllMicrosoftApps": "all Microsoft apps",
}


def title(name: str) -> str:
    """Name a setting; an unknown one keeps Graph's name."""
    return TITLES.get(name, name)


def b2b_words(name: str, setting: B2BSetting | None) -> str:
    """Say who may use what, in the direction that `name` says."""
    if setting is None:
        return INHERITS
    everyone = "everyone here" if name in _OUTBOUND else "everyone from the partner"
    if is_list_of_exceptions(setting):
        return (
            f"blocked people: {_names(setting.users_and_groups)}; blocked applications: "
            f"{_names(setting.applications)} (read how Entra combines two such lists before relying on it)"
        )
    if is_shut(setting):
        return "blocked for everyone"
    people = _half(setting.users_and_groups, everything=ALL_USERS, all_of_them=everyone)
    applications = _half(setting.applications, everything=ALL_APPLICATIONS, all_of_them="every application")
    if people is None or applications is None:
        parts = (
            f"people: {people or INHERITS}",
            f"applications: {applications or INHERITS}",
        )
        return "; ".join(parts)
    return f"{people} may use {applications}"


def trust_words(flag: bool | None) -> str:
    """Say whether a claim of the partner's tenant is trusted."""
    return INHERITS if flag is None else "trusted" if flag else "not trusted"


def redemption_words(direction: str, flag: bool | None) -> str:
    """Say whether the consent prompt is suppressed from our side, and whose half is missing.

    Unset means off: the tenant's default for it is read-only and false (Graph:
    "crossTenantAccessPolicyConfigurationDefault").
    """
    if not flag:
        return OFF_UNSET if flag is None else "off"
    other = "outbound" if direction == "inbound" else "inbound"
    return f"on (works only when the partner sets its {other} half)"


def synchronization_words(document: Any) -> str:
    """Say whether the partner may synchronize users into this tenant, from the policy's document."""
    inbound = document.get("userSyncInbound") if isinstance(document, Mapping) else document
    flag = inbound.get("isSyncAllowed") if isinstance(inbound, Mapping) else inbound
    if flag is None:
        return NOT_ALLOWED_UNSET
    if not isinstance(flag, bool) or not isinstance(inbound, Mapping):
        return unreadable(document)
    return ALLOWED if flag else NOT_ALLOWED


def setting_words(name: str, document: Any) -> str:
    """Say a whole setting of a `Property` on one line; what cannot be read is shown as it is."""
    try:
        setting = parse_setting(Property(name), document)
    except (UnreadableSetting, ValueError):
        return NOT_SET if document is None else unreadable(document)
    if name in B2B_PROPERTIES:
        return b2b_words(name, setting if isinstance(setting, B2BSetting) else None)
    if name == Property.AUTOMATIC_REDEMPTION:
        parts = [f"{label}: {redemption_words(key, flag)}" for key, label, flag in flags_of(Property(name), setting)]
    elif setting is None:
        return INHERITS
    else:
        parts = [f"{label}: {trust_words(flag)}" for _, label, flag in flags_of(Property(name), setting)]
    return "; ".join(parts)


def flags_of(name: Property, setting: Setting) -> Iterator[tuple[str, str, bool | None]]:
    """List the flags of a trust or redemption setting: our name, the label, the value (None: not set)."""
    labels = TRUST_TITLES if name is Property.INBOUND_TRUST else REDEMPTION_TITLES
    for key, label in labels.items():
        yield key, label, getattr(setting, key, None)


def strangers(name: str, document: Any) -> dict[str, Any]:
    """List the members of a setting that this version does not know; nulls and annotations say nothing."""
    if not isinstance(document, Mapping):
        return {}
    known = _MEMBERS[name]
    return {key: value for key, value in document.items() if key not in known and "@" not in key and value is not None}


def unreadable(value: Any) -> str:
    """Show a value as raw JSON, without a word on whether it opens or closes anything."""
    # NB. escaped to ASCII: what is hidden in a value of unknown shape becomes visible.
    return f"{json.dumps(value, default=str)} ({UNREADABLE})"


def _half(configuration: TargetConfiguration | None, *, everything: str, all_of_them: str) -> str | None:
    if configuration is None:
        return None
    if any(target.id == everything for target in configuration.targets):
        return all_of_them  # a blocked one is shut, and said so before
    if configuration.access is AccessType.BLOCKED:
        return f"{all_of_them} except {_names(configuration)}"
    return f"only {_names(configuration)}"


def _names(configuration: TargetConfiguration | None) -> str:
    targets = () if configuration is None else configuration.targets
    named = [_target(target) for target in targets[:MOST_TARGETS]]
    if more := len(targets) - len(named):
        named.append(f"{more} more")
    return ", ".join(named) or "nothing"


def _target(target: Target) -> str:
    return _RESERVED.get(target.id) or f"{target.type.value} {target.id}"
