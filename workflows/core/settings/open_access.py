"""Find which kinds of access a configuration opens. Every text about "open", "closed" and "blocked" uses this result.

It covers every capability of a partner that Microsoft Graph v1.0 describes, and every member that v1.0 does not
describe. Tenant restrictions are left out, because they give no access. A value that cannot be read is unknown, and
never counts as closed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any, Final

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.settings.access_change import has_known_meaning, is_certainly_blocked, is_wide_open
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import known_names
from workflows.core.settings.documents import has_no_value, parse_targets
from workflows.core.settings.effective import (
    SYNCHRONIZATION_FLAG,
    EffectiveFlag,
    EffectiveSettings,
    EffectiveTargets,
    Origin,
    effective_settings,
)
from workflows.core.settings.model import (
    B2B_PROPERTIES,
    FLAGS,
    IDENTITY_SYNCHRONIZATION,
    M365_CAPABILITIES,
    SERVICE_PROPERTIES,
    USER_SYNC_INBOUND,
    Property,
    configurations,
)
from workflows.core.settings.undocumented_members import Path, is_restriction, undocumented_members

CAPABILITIES: Final = M365_CAPABILITIES
"""The name for the Microsoft 365 capabilities that are not listed one by one: all of them, where they were not read.

They depend on Microsoft 365 collaboration, and mailbox migration depends on App Service connect. They are closed when
those settings are closed.
"""
_UNDERLYING: Final = (Property.M365_COLLABORATION_INBOUND, Property.APP_SERVICE_CONNECT_INBOUND)
DEFAULT: Final = "default"
"""The name for other access that the tenant's default may allow, when the default could not be read."""
USERS_SYNCHRONIZED: Final = f"{IDENTITY_SYNCHRONIZATION}.{USER_SYNC_INBOUND}"


class AccessState(StrEnum):
    """Whether one kind of access is open. Records and JSON contain the values, so they never change."""

    OPEN = "open"
    """Open to all users, for all applications."""
    PARTLY = "partly open"
    CLOSED = "closed"
    UNKNOWN = "not known"


class AccessCategory(Enum):
    """The kind of setting or member that gives the access."""

    B2B = auto()
    SERVICE = auto()
    """A setting of Microsoft 365 or App Service."""
    TRUST = auto()
    REDEMPTION = auto()
    SYNCHRONIZATION = auto()
    CAPABILITIES = auto()
    UNDOCUMENTED = auto()
    """A member that Microsoft does not document in v1.0."""
    DEFAULT = auto()
    """Access that the tenant's default may allow, when the default could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKind:
    """One kind of access into or out of the tenant, with its current state for a partner."""

    name: str
    """Graph's name. A dot separates a setting from its member. May contain text from the tenant."""
    category: AccessCategory
    opening: AccessState
    is_explicit: bool
    """Whether it is set for this partner. A change of the default then does not change it."""

    @property
    def setting(self) -> str:
        """Return Graph's name of the setting that gives the access."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccess:
    """A kind of access that was open, or of which it was not known, when it was last read. Records store it."""

    name: str
    """As in `AccessKind`."""
    opening: AccessState


def access_kinds(
    configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool = False
) -> tuple[AccessKind, ...]:
    """List every kind of access into and out of the tenant for a partner, open or closed.

    :param configuration: the partner's configuration in our tenant; None when there is none.
    :param default: the tenant's default; None when it could not be read, so that inherited values are not known.
    :param is_cross_cloud: whether the partner is in another Microsoft cloud, where a tenant without settings is
        blocked.
    """
    own, fallback = configuration or {}, default or {}
    effective = effective_settings(configuration, default, is_cross_cloud=is_cross_cloud)
    kinds = [
        *_target_kinds(own, fallback, effective, is_default_read=default is not None),
        *_flag_kinds(own, effective),
    ]
    services = [kind for kind in kinds if kind.name in _UNDERLYING]
    kinds += _capability_kinds(configuration, fallback, effective, services)
    if configuration is None and is_cross_cloud:
        return tuple(kinds)
    kinds += _undocumented_kinds(own, fallback, are_capabilities_off=not possibly_open(services))
    if default is None:
        kinds.append(
            AccessKind(name=DEFAULT, category=AccessCategory.DEFAULT, opening=AccessState.UNKNOWN, is_explicit=False)
        )
    return tuple(kinds)


def synchronization_of(effective: EffectiveSettings, access_kinds: Iterable[AccessKind]) -> EffectiveFlag:
    """Return whether users or other objects are synchronized. False only when no member of the policy may allow it.

    :param access_kinds: every kind of access under the settings that apply.
    """
    users = effective.flags[Property.IDENTITY_SYNCHRONIZATION, SYNCHRONIZATION_FLAG]
    is_open = any(kind.setting == IDENTITY_SYNCHRONIZATION for kind in possibly_open(access_kinds))
    return EffectiveFlag(value=None, origin=Origin.UNREADABLE) if is_open and users.value is False else users


def possibly_open(access_kinds: Iterable[AccessKind]) -> tuple[AccessKind, ...]:
    """Return the kinds of access that are not certainly closed."""
    return tuple(kind for kind in access_kinds if kind.opening is not AccessState.CLOSED)


def open_access(configuration: JsonObject, default: JsonObject | None) -> tuple[OpenAccess, ...]:
    """List the kinds of access that a configuration does not certainly close, as they are stored in records."""
    return tuple(
        OpenAccess(name=kind.name, opening=kind.opening) for kind in possibly_open(access_kinds(configuration, default))
    )


def is_known_open(kinds: Iterable[AccessKind | OpenAccess]) -> bool:
    """Return whether some of these kinds of access are open; false when this is only not known of them."""
    return any(kind.opening in {AccessState.OPEN, AccessState.PARTLY} for kind in kinds)


def closed_by_default(access_kinds: Iterable[AccessKind]) -> tuple[AccessKind, ...]:
    """Return the kinds of access that are closed only by a default."""
    return tuple(kind for kind in access_kinds if kind.opening is AccessState.CLOSED and not kind.is_explicit)


def access_state_of(targets: EffectiveTargets) -> AccessState:
    """Return how open one kind of access is with these effective lists."""
    setting = targets.certain_setting
    if is_certainly_blocked(setting):
        return AccessState.CLOSED
    if not has_known_meaning(setting):
        return AccessState.UNKNOWN
    return AccessState.OPEN if is_wide_open(setting) else AccessState.PARTLY


def _target_kinds(
    configuration: JsonObject, default: JsonObject, effective: EffectiveSettings, *, is_default_read: bool
) -> Iterator[AccessKind]:
    for name in (*B2B_PROPERTIES, *SERVICE_PROPERTIES):
        opening = access_state_of(effective.targets[name])
        if opening is AccessState.UNKNOWN and name in SERVICE_PROPERTIES and is_default_read:
            is_unset = _is_unset(name, configuration) and _is_unset(name, default)
            opening = AccessState.CLOSED if is_unset else opening
        is_explicit = (
            _is_blocked_by(name, configuration)
            if opening is AccessState.CLOSED
            else configuration.get(name) is not None
        )
        category = AccessCategory.B2B if name in B2B_PROPERTIES else AccessCategory.SERVICE
        yield AccessKind(name=name.value, category=category, opening=opening, is_explicit=is_explicit)


def _flag_kinds(configuration: JsonObject, effective: EffectiveSettings) -> Iterator[AccessKind]:
    for name, category in (
        (Property.INBOUND_TRUST, AccessCategory.TRUST),
        (Property.AUTOMATIC_REDEMPTION, AccessCategory.REDEMPTION),
    ):
        for key, graph in FLAGS[name].items():
            yield _flag_kind(f"{name}.{graph}", category, effective.flags[name, key], configuration.get(name))
    flag = effective.flags[Property.IDENTITY_SYNCHRONIZATION, SYNCHRONIZATION_FLAG]
    yield _flag_kind(
        USERS_SYNCHRONIZED, AccessCategory.SYNCHRONIZATION, flag, configuration.get(IDENTITY_SYNCHRONIZATION)
    )


def _flag_kind(name: str, category: AccessCategory, flag: EffectiveFlag, document: Any) -> AccessKind:
    opening = {True: AccessState.OPEN, False: AccessState.CLOSED, None: AccessState.UNKNOWN}[flag.value]
    is_unchecked = flag.origin is Origin.UNREADABLE and document is not None
    return AccessKind(
        name=name, category=category, opening=opening, is_explicit=flag.origin is Origin.SET_HERE or is_unchecked
    )


def _capability_kinds(
    configuration: JsonObject | None,
    default: JsonObject,
    effective: EffectiveSettings,
    underlying: Sequence[AccessKind],
) -> Iterator[AccessKind]:
    """List each capability that is set here or in the default, and all others as one kind.

    :param underlying: the access that capabilities need, Microsoft 365 collaboration first.
    """
    own = () if configuration is None else configuration.get(CAPABILITIES)
    lists = own, default.get(CAPABILITIES)
    collaboration = underlying[0]
    for name in sorted({name for one in lists for name in known_names(one)}) if _is_list(own) else ():
        found = effective.capabilities[name]
        is_set_here = found.origins == (Origin.SET_HERE,)
        is_off = collaboration.opening is AccessState.CLOSED
        yield AccessKind(
            name=f"{CAPABILITIES}.{name}",
            category=AccessCategory.CAPABILITIES,
            opening=AccessState.CLOSED if is_off else access_state_of(found),
            is_explicit=is_set_here or (is_off and collaboration.is_explicit),
        )
    is_closed = not possibly_open(underlying)
    is_unreadable = own is not None and not _is_list(own)
    is_off_here = is_closed or all(map(_is_list, lists))  # Microsoft's default is off
    yield AccessKind(
        name=CAPABILITIES,
        category=AccessCategory.CAPABILITIES,
        opening=AccessState.CLOSED if is_off_here and not is_unreadable else AccessState.UNKNOWN,
        is_explicit=is_unreadable or (is_closed and not closed_by_default(underlying)),
    )


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _undocumented_kinds(
    configuration: JsonObject, default: JsonObject, *, are_capabilities_off: bool
) -> Iterator[AccessKind]:
    partner_members, default_members = undocumented_members(configuration), undocumented_members(default)
    for path in dict.fromkeys((*partner_members, *default_members)):
        if path[0] == Property.TENANT_RESTRICTIONS:
            continue
        here, there = partner_members.get(path), default_members.get(path) if _inherits(path, configuration) else None
        if path[0] == CAPABILITIES and are_capabilities_off:
            here, there = False, None
        closes_access = has_no_value(here) and (_is_all(here, expected=False) or has_no_value(there))
        if is_restriction(path):
            # A restriction closes access when it is true. A false value, also in a part of it, may allow access.
            closes_access = _is_all(here, expected=True) or (
                here is None and (there is None or _is_all(there, expected=True))
            )
        yield AccessKind(
            name=".".join(path),
            category=AccessCategory.UNDOCUMENTED,
            opening=AccessState.CLOSED if closes_access else AccessState.UNKNOWN,
            is_explicit=not has_no_value(here) or _is_all(here, expected=False),
        )


def _inherits(path: Path, configuration: JsonObject) -> bool:
    """Return whether a member of the default may apply. A partner's own list replaces the default's list completely."""
    setting = configuration.get(path[0])
    return not (len(path) > 2 and isinstance(setting, Mapping) and isinstance(setting.get(path[1]), Mapping))


def _is_all(value: Any, *, expected: bool) -> bool:
    """Return whether every part of a value is true (or false, as `expected` says), and no part is null."""
    if isinstance(value, Mapping):
        return bool(value) and all(_is_all(item, expected=expected) for key, item in value.items() if "@" not in key)
    return value is expected


def _is_unset(name: Property, document: JsonObject) -> bool:
    try:
        setting = parse_targets(name, document.get(name))
    except UnreadableSetting:
        return False
    return setting is None or not any(configurations(setting))


def _is_blocked_by(name: Property, document: JsonObject) -> bool:
    """Return whether a document closes a setting, whatever the default is.

    :raises UnreadableSetting: when this version does not know a value in it.
    """
    return is_certainly_blocked(parse_targets(name, document.get(name)))
