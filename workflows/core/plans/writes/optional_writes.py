"""The additional writes of a revocation, after its block. Graph may refuse each of them. None of them delays the block.

It is not documented how deep Graph merges inside a setting. So a member inside a setting is set to null together with
the values of the block. Graph may refuse a whole body because of one unknown name. So members that v1.0 does not
describe are never in one write with described ones.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from workflows.core.settings.block import BLOCK
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import has_no_value, to_document
from workflows.core.settings.model import (
    IDENTITY_SYNCHRONIZATION,
    IS_SYNC_ALLOWED,
    SERVICE_PROPERTIES,
    USER_SYNC_INBOUND,
    Property,
    blocked_setting,
)
from workflows.core.settings.open_access import access_kinds, possibly_open
from workflows.core.settings.undocumented_members import (
    Path,
    copy_nested,
    is_restriction,
    set_member,
    undocumented_members,
)

_GROUPS: Final = "groupSyncInbound"
"""In beta since March 2026, in the same policy as `userSyncInbound`."""
_TARGETS: Final = "targets"


class OptionalWrite(NamedTuple):
    """A PATCH of the partner, or of its synchronization policy."""

    is_synchronization: bool
    body: JsonObject


def optional_writes(before: JsonObject | None, default: JsonObject | None) -> tuple[OptionalWrite, ...]:
    """List the additional writes of a revocation, after its block.

    :param before: the partner's own configuration before the revocation; None when there is none.
    :param default: the tenant's default; None when it could not be read.
    """
    return tuple(_optional_writes(before or {}, default))


def _optional_writes(before: JsonObject, default: JsonObject | None) -> Iterator[OptionalWrite]:
    # A partner of another cloud with its own configuration is treated like every other partner.
    still_open = {kind.name for kind in possibly_open(access_kinds(before, default))}
    services = {name.value: _blocked_body(name) for name in SERVICE_PROPERTIES if name in still_open}
    if services:
        yield OptionalWrite(is_synchronization=False, body=services)
    bodies: dict[str, dict[str, Any]] = {}
    for path, value in undocumented_members(before).items():
        # A member inside a list is replaced together with the list. Tenant restrictions only limit our own users.
        # Unknown Microsoft 365 capabilities are never written. The block of what they need switches them off.
        must_stay = path[0] in (Property.TENANT_RESTRICTIONS, Property.M365_CAPABILITIES) or is_restriction(path)
        if not has_no_value(value) and _TARGETS not in path[1:-1] and not must_stay:
            body = bodies.setdefault(_body_key(path), _blocked_base(path))
            set_member(body, path, _closing_value(path, value))
    for body in bodies.values():
        is_synchronization = IDENTITY_SYNCHRONIZATION in body
        yield OptionalWrite(
            is_synchronization=is_synchronization, body=body[IDENTITY_SYNCHRONIZATION] if is_synchronization else body
        )


def _body_key(path: Path) -> str:
    """Return a key that is equal for members of one body. A body is a setting, or one member of the policy."""
    return ".".join(path[:2]) if path[0] == IDENTITY_SYNCHRONIZATION else path[0]


def _blocked_base(path: Path) -> dict[str, Any]:
    """Return the body in which a member is set to null: the block's values of the same setting."""
    name = path[0]
    if len(path) == 1:
        return {}
    if name in BLOCK:
        return {name: copy_nested(BLOCK[name])}
    if name == IDENTITY_SYNCHRONIZATION:
        return {name: {USER_SYNC_INBOUND: {IS_SYNC_ALLOWED: False}} if path[1] == USER_SYNC_INBOUND else {}}
    return {name: _blocked_body(Property(name))}


def _closing_value(path: Path, value: Any) -> Any:
    """Return the value that closes a member: an explicit false where its form is known, otherwise null."""
    if path == (IDENTITY_SYNCHRONIZATION, _GROUPS):
        others = (
            [key for key in value if key != IS_SYNC_ALLOWED and "@" not in key] if isinstance(value, Mapping) else []
        )
        return {**dict.fromkeys(others), IS_SYNC_ALLOWED: False}
    return None


def _blocked_body(name: Property) -> dict[str, Any]:
    """Return the explicit block of a setting as Graph's document."""
    return to_document(blocked_setting(name)) or {}
