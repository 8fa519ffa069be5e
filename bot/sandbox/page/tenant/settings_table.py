"""A partner's cross-tenant access settings in words: one row for each setting, with inherited values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Json = Mapping[str, Any]
Tone = Literal["open", "closed", "mixed", "off"]

PAIRS = (
    ("b2bCollaborationInbound", "B2B collaboration", "inbound"),
    ("b2bCollaborationOutbound", "B2B collaboration", "outbound"),
    ("b2bDirectConnectInbound", "B2B direct connect", "inbound"),
    ("b2bDirectConnectOutbound", "B2B direct connect", "outbound"),
)
FLAGS = (
    ("inboundTrust", "isMfaAccepted", "MFA", "inbound trust", "Trusted", "Not trusted"),
    ("inboundTrust", "isCompliantDeviceAccepted", "Compliant device", "inbound trust", "Trusted", "Not trusted"),
    (
        "inboundTrust",
        "isHybridAzureADJoinedDeviceAccepted",
        "Hybrid joined device",
        "inbound trust",
        "Trusted",
        "Not trusted",
    ),
    ("automaticUserConsentSettings", "inboundAllowed", "Automatic redemption", "inbound", "On", "Off"),
    ("automaticUserConsentSettings", "outboundAllowed", "Automatic redemption", "outbound", "On", "Off"),
)
_ALL = {"AllUsers": "all users", "AllApplications": "all applications", "Office365": "Office 365"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row: the setting's name, its value, and whether the partner or the default sets it."""

    key: str
    label: str
    side: str
    """Inbound or outbound; empty when there is only one."""
    value: str
    detail: str
    tone: Tone
    inherited: bool = False

    @property
    def says(self) -> str:
        """Return the row as one text, for comparing it with an earlier value."""
        return " · ".join(part for part in (self.value, self.detail, "from default" if self.inherited else "") if part)


def settings_of(config: Json, default: Json | None = None) -> tuple[Setting, ...]:
    """Return the rows of a partner's configuration; without `default`, those of the default configuration.

    A null property of a partner inherits the default's property.
    """
    return tuple(_rows(config, default))


def is_blocked(config: Json) -> bool:
    """Return whether all four B2B settings are explicit and block everybody."""
    return all(_access(config.get(key) or {}, side) == "blocked" for key, _, _ in PAIRS for side in _SIDES)


def has_own_settings(config: Json) -> bool:
    """Return whether the partner's configuration sets anything itself."""
    return any(not setting.inherited for setting in settings_of(config, {}))


_SIDES = ("usersAndGroups", "applications")


def _rows(config: Json, default: Json | None) -> Iterator[Setting]:
    for key, label, direction in PAIRS:
        own = config.get(key)
        inherited = own is None and default is not None
        yield _b2b_row(key, label, direction, (default or {}).get(key) if inherited else own, inherited)
    for group, key, label, side, on, off in FLAGS:
        own_flag = (config.get(group) or {}).get(key)
        inherited = own_flag is None and default is not None
        value = ((default or {}).get(group) or {}).get(key) if inherited else own_flag
        yield Setting(
            key=f"{group}.{key}",
            label=label,
            side=side,
            value=on if value else off,
            detail="",
            tone="open" if value else "off",
            inherited=inherited,
        )
    yield from _optional_rows(config)


def _optional_rows(config: Json) -> Iterator[Setting]:
    """Return the rows of settings that are shown only when they are set."""
    sync = ((config.get("identitySynchronization") or {}).get("userSyncInbound") or {}).get("isSyncAllowed")
    if sync is not None:
        yield Setting(
            key="identitySynchronization",
            label="Identity synchronization",
            side="inbound",
            value="Allowed" if sync else "Not allowed",
            detail="",
            tone="open" if sync else "off",
        )
    yield from map(_capability_row, (config.get("m365Capabilities") or {}).values())
    if config.get("isServiceProvider"):
        yield Setting(key="isServiceProvider", label="Service provider", side="", value="Yes", detail="", tone="mixed")


def _b2b_row(key: str, label: str, direction: str, setting: Json | None, inherited: bool) -> Setting:
    users, apps = (_access(setting or {}, side) for side in _SIDES)
    who, what = (_targets((setting or {}).get(side)) for side in _SIDES)
    if users == apps and users in ("allowed", "blocked"):
        tone: Tone = "open" if users == "allowed" else "closed"
        value, detail = users.capitalize(), f"{who}, {what}"
    elif not users and not apps:
        tone, value, detail = "off", "Not set", ""
    else:
        tone, value = "mixed", "Mixed"
        detail = f"{who} {users or 'not set'}, {what} {apps or 'not set'}"
    return Setting(key=key, label=label, side=direction, value=value, detail=detail, tone=tone, inherited=inherited)


def _capability_row(capability: Json) -> Setting:
    access: Json = capability.get("inboundAccess") or {}
    scopes: Json = access.get("resourceScopes") or {}
    whom = ["everyone" if one.get("resourceId") == "All" else "1 group" for one in scopes.get("included") or ()]
    return Setting(
        key=f"m365Capabilities.{capability.get('name')}",
        label=str(capability.get("name")),
        side="Microsoft 365 capability, inbound",
        value="Allowed" if access.get("isAllowed") else "Not allowed",
        detail=", ".join(whom),
        tone="open" if access.get("isAllowed") else "off",
    )


def _access(setting: Json, side: str) -> str:
    return str((setting.get(side) or {}).get("accessType") or "")


def _targets(side: Json | None) -> str:
    """Return in a few words whom or what a setting names."""
    targets: Sequence[Json] = (side or {}).get("targets") or ()
    names = [_ALL.get(str(item.get("target")), "") for item in targets]
    listed = [item for item, name in zip(targets, names, strict=True) if not name]
    words = [name for name in names if name]
    if listed:
        kind = str(listed[0].get("targetType") or "target")
        words.append(f"{len(listed)} {kind}{'s' if len(listed) > 1 else ''}")
    return " and ".join(words) or "no targets"
