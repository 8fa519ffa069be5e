"""Which members Microsoft Graph v1.0 describes of a partner's configuration, and what a document holds besides.

The service shows more than its description has (`crossCloudMeetingConfiguration`, `groupSyncInbound`, …). What such a
member opens is not known, so it is read, named and compared, and never taken for closed while it says something.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.documents import is_same_value, says_nothing
from workflows.core.settings.model import FLAGS, TARGET_PROPERTIES, Property, lists_of

Path = tuple[str, ...]
"""The names that lead to a member, from the outside in."""

DEVICES: Final = "devices"
"""The member of tenant restrictions that is never sent, and never lost."""

_RESTRICTS: Final = ("block", "deny", "disable", "require", "restrict")
_Members = Mapping[str, Any]
"""The described members of an object: each with the members of its own value, None where that is not looked into."""

_TARGETS: Final[_Members] = {"accessType": None, "targets": {"target": None, "targetType": None}}
_SETTINGS: Final[_Members] = {
    **{name.value: {target_list.graph: _TARGETS for target_list in lists_of(name)} for name in TARGET_PROPERTIES},
    **{name.value: dict.fromkeys(flags.values()) for name, flags in FLAGS.items()},
    Property.IDENTITY_SYNCHRONIZATION.value: {
        "tenantId": None,
        "displayName": None,
        "userSyncInbound": {"isSyncAllowed": None},
    },
}
_PARTNER: Final[_Members] = {
    **_SETTINGS,
    Property.TENANT_RESTRICTIONS.value: {**_SETTINGS[Property.TENANT_RESTRICTIONS], DEVICES: None},
    "tenantId": None,
    "isServiceProvider": None,
    "isInMultiTenantOrganization": None,
    # Members of the default only; on a partner they would say nothing of what it may do.
    "id": None,
    "isServiceDefault": None,
    "invitationRedemptionIdentityProviderConfiguration": None,
}


def is_restriction(path: Path) -> bool:
    """Tell whether the name of an undescribed member says that it restricts, as `blockServiceProviderAccess` does.

    Of such a member "false" opens and null may open, so it is named, and never written.
    """
    return any(part.lower().startswith(_RESTRICTS) for part in path)


def undescribed(document: JsonObject | None) -> dict[Path, Any]:
    """List the members that v1.0 does not describe, at any depth, with their values; annotations are none."""
    found: dict[Path, Any] = {}
    for path, value in _undescribed(document, _PARTNER, ()):
        found[path] = value if path not in found else [found[path], value]
    return found


def only_described(document: JsonObject) -> dict[str, Any]:
    """Give a configuration without the members that v1.0 does not describe, and without annotations."""
    return dict(_only_described(document, _PARTNER))


def described_part(name: str, value: Any) -> Any:
    """Give one setting's value without the members that v1.0 does not describe."""
    return _only_described(value, _PARTNER.get(name))


def with_undescribed(old: JsonObject, new: JsonObject) -> dict[str, Any]:
    """Give `new` with the undescribed members that `old` has inside a setting and `new` does not mention.

    A write that does not name a member leaves it, as far as anybody knows.
    """
    return {
        **new,
        **{name: _kept(old[name], new[name], _SETTINGS[name]) for name in _SETTINGS if _both(name, old, new)},
    }


def undescribed_changes(before: JsonObject | None, observed: JsonObject | None) -> tuple[str, ...]:
    """Name the undescribed members that say something else than before; one that only turned to nothing is no change.

    Null, false and absent all say nothing.
    """
    was, is_now = undescribed(before), undescribed(observed)
    return tuple(
        ".".join(path)
        for path in dict.fromkeys((*was, *is_now))
        if not (says_nothing(was.get(path)) and says_nothing(is_now.get(path)))
        and not is_same_value(was.get(path), is_now.get(path))
    )


def put_member(body: dict[str, Any], path: Path, value: Any) -> None:
    """Set one member of a body that is being made, and whatever object it stands in."""
    *way, last = path
    for key in way:
        body = body.setdefault(key, {})
    body[last] = value


def copied(value: Any) -> Any:
    """Give an object that can be changed without changing the one it is made from; lists are shared."""
    return {key: copied(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _undescribed(value: Any, members: _Members | None, path: Path) -> Iterator[tuple[Path, Any]]:
    if members is None:
        return
    if isinstance(value, list | tuple):
        for item in value:
            yield from _undescribed(item, members, path)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if "@" in key:
                continue
            if key in members:
                yield from _undescribed(item, members[key], (*path, key))
            else:
                yield (*path, key), item


def _only_described(value: Any, members: _Members | None) -> Any:
    if members is None:
        return value
    if isinstance(value, list | tuple):
        return [_only_described(item, members) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _only_described(item, members[key]) for key, item in value.items() if key in members}


def _both(name: str, old: JsonObject, new: JsonObject) -> bool:
    return isinstance(old.get(name), Mapping) and isinstance(new.get(name), Mapping)


def _kept(old: JsonObject, new: JsonObject, members: _Members) -> dict[str, Any]:
    lost = {key: item for key, item in old.items() if key not in members and key not in new and "@" not in key}
    deeper = {
        key: _kept(old[key], new[key], inner)
        for key, inner in members.items()
        if isinstance(inner, Mapping) and _both(key, old, new)
    }
    return {**lost, **new, **deeper}
