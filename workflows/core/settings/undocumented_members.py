"""Split a partner's configuration into members that Microsoft Graph v1.0 documents, and all other members.

Graph returns more members than its reference documents, for example `crossCloudMeetingConfiguration`. It is not known
what such an undocumented member allows. So it is read and compared, and counts as not closed while it has a value.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.capabilities import known_entries, unknown_capabilities
from workflows.core.settings.documents import has_no_value, is_same_value
from workflows.core.settings.model import (
    FLAGS,
    IS_SYNC_ALLOWED,
    M365_CAPABILITIES,
    TARGET_PROPERTIES,
    USER_SYNC_INBOUND,
    Property,
    lists_of,
)

Path = tuple[str, ...]
"""The path of a member: the names of the objects that contain it, outermost first, and its own name."""

DEVICES: Final = "devices"
"""The member of tenant restrictions that Gatehouse never sends."""

_RESTRICTS: Final = ("block", "deny", "disable", "require", "restrict")
_Members = Mapping[str, Any]
"""The documented members of an object, each with the documented members of its value; None: they are not examined."""

_TARGETS: Final[_Members] = {"accessType": None, "targets": {"target": None, "targetType": None}}
_SETTINGS: Final[_Members] = {
    **{name.value: {target_list.graph_name: _TARGETS for target_list in lists_of(name)} for name in TARGET_PROPERTIES},
    **{name.value: dict.fromkeys(flags.values()) for name, flags in FLAGS.items()},
    Property.IDENTITY_SYNCHRONIZATION.value: {
        "tenantId": None,
        "displayName": None,
        USER_SYNC_INBOUND: {IS_SYNC_ALLOWED: None},
    },
}
_PARTNER: Final[_Members] = {
    **_SETTINGS,
    Property.TENANT_RESTRICTIONS.value: {**_SETTINGS[Property.TENANT_RESTRICTIONS], DEVICES: None},
    "tenantId": None,
    M365_CAPABILITIES: None,  # its entries are examined by their types, see `capabilities`
    "isServiceProvider": None,
    "isInMultiTenantOrganization": None,
    # Members of the tenant's default. On a partner they have no effect on access.
    "id": None,
    "isServiceDefault": None,
    "invitationRedemptionIdentityProviderConfiguration": None,
}


def is_restriction(path: Path) -> bool:
    """Return whether an undocumented member seems to be a restriction, like `blockServiceProviderAccess`, by its name.

    For such a member false allows access, and null may allow it. So it is reported, and never written.
    """
    return any(part.lower().startswith(_RESTRICTS) for part in path)


def undocumented_members(document: JsonObject | None) -> dict[Path, Any]:
    """Return the undocumented members at every depth, with their values. Annotations are not members.

    An unknown Microsoft 365 capability counts as an undocumented member. Its value is false when it is switched off.
    """
    values_by_path: dict[Path, Any] = {}
    for path, value in _list_undocumented(document, _PARTNER, ()):
        values_by_path[path] = value if path not in values_by_path else [values_by_path[path], value]
    for name, access in unknown_capabilities((document or {}).get(M365_CAPABILITIES)).items():
        values_by_path[M365_CAPABILITIES, name] = access
    return values_by_path


def documented_configuration(document: JsonObject) -> dict[str, Any]:
    """Return a copy of a configuration without undocumented members and without annotations."""
    configuration = dict(_only_documented(document, _PARTNER))
    if M365_CAPABILITIES in configuration:
        configuration[M365_CAPABILITIES] = known_entries(configuration[M365_CAPABILITIES])
    return configuration


def without_undocumented_members(name: str, value: Any) -> Any:
    """Return the value of one setting without the members that v1.0 does not document."""
    return known_entries(value) if name == M365_CAPABILITIES else _only_documented(value, _PARTNER.get(name))


def with_undocumented_members(old: JsonObject, new: JsonObject) -> dict[str, Any]:
    """Return `new`, with the undocumented members inside settings of `old` added that `new` does not contain.

    It is assumed that a write does not change the members that it does not contain.
    """
    return {
        **new,
        **{
            name: _with_undocumented_of(old[name], new[name], _SETTINGS[name])
            for name in _SETTINGS
            if _both(name, old, new)
        },
    }


def changed_undocumented_members(
    before: JsonObject | None, observed_configuration: JsonObject | None
) -> tuple[str, ...]:
    """Return the names of undocumented members whose value changed. A change to an empty value does not count.

    Null, false and an absent member all count as empty.
    """
    values_before, values_now = undocumented_members(before), undocumented_members(observed_configuration)
    return tuple(
        ".".join(path)
        for path in dict.fromkeys((*values_before, *values_now))
        if not (has_no_value(values_before.get(path)) and has_no_value(values_now.get(path)))
        and not is_same_value(values_before.get(path), values_now.get(path))
    )


def set_member(body: dict[str, Any], path: Path, value: Any) -> None:
    """Set one member of a body, and create the objects that contain it."""
    *way, last = path
    for key in way:
        body = body.setdefault(key, {})
    body[last] = value


def copy_nested(value: Any) -> Any:
    """Return a copy whose objects can be changed without changing the original. Lists are shared."""
    return {key: copy_nested(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _list_undocumented(value: Any, members: _Members | None, path: Path) -> Iterator[tuple[Path, Any]]:
    """List the undocumented members of a value, at every depth, each with its path and its value."""
    if members is None:
        return
    if isinstance(value, list | tuple):
        for item in value:
            yield from _list_undocumented(item, members, path)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if "@" in key:
                continue
            if key in members:
                yield from _list_undocumented(item, members[key], (*path, key))
            else:
                yield (*path, key), item


def _only_documented(value: Any, members: _Members | None) -> Any:
    """Return a value without undocumented members, at every depth.

    :param members: the documented members of the value; None: the value is returned unchanged.
    """
    if members is None:
        return value
    if isinstance(value, list | tuple):
        return [_only_documented(item, members) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _only_documented(item, members[key]) for key, item in value.items() if key in members}


def _both(name: str, old: JsonObject, new: JsonObject) -> bool:
    return isinstance(old.get(name), Mapping) and isinstance(new.get(name), Mapping)


def _with_undocumented_of(old: JsonObject, new: JsonObject, members: _Members) -> dict[str, Any]:
    """Return `new` with the undocumented members of `old` that `new` does not contain, at every depth."""
    missing_members = {
        key: item for key, item in old.items() if key not in members and key not in new and "@" not in key
    }
    deeper = {
        key: _with_undocumented_of(old[key], new[key], inner)
        for key, inner in members.items()
        if isinstance(inner, Mapping) and _both(key, old, new)
    }
    return {**missing_members, **new, **deeper}
