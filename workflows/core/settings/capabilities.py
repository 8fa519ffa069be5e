"""Read, write and compare the Microsoft 365 capabilities of a partner, such as free/busy times of our calendars.

In a configuration they are a list of Graph's objects, each with its type and name. Graph gives them at an address of
their own, so a configuration without the list says nothing about them. A capability needs Microsoft 365 collaboration
with the partner, and the partner's own capabilities replace those of the tenant's default (Graph: "Microsoft 365
cross-tenant access policy API overview").

Entries of another form, another type or with another member are unknown capabilities: no plan writes them. Mailbox
migration is one of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from workflows.core.errors.raised import UnreadableSetting
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import (
    ALL_USERS,
    M365_CAPABILITIES,
    NOBODY,
    AccessType,
    Capabilities,
    Capability,
    CapabilityName,
    Target,
    TargetConfiguration,
    TargetType,
)

TYPE: Final = "@odata.type"
TYPE_PREFIX: Final = "#microsoft.graph."
NAME: Final = "name"
INBOUND_ACCESS: Final = "inboundAccess"
IS_ALLOWED: Final = "isAllowed"
"""The flag inside `INBOUND_ACCESS`."""
_SCOPES: Final = "resourceScopes"
_INCLUDED: Final = "included"
_EXCLUDED: Final = "excluded"
_ID: Final = "resourceId"
_KIND: Final = "resourceType"
EVERYBODY: Final = "All"
"""Graph's word for all users in the scope of a capability."""
_EVERYBODY: Final = TargetConfiguration(
    access=AccessType.ALLOWED, targets=(Target(type=TargetType.USER, id=ALL_USERS),)
)
_MEMBERS: Final = frozenset({NAME, INBOUND_ACCESS, "lastModifiedDateTime"})
_ACCESS: Final = frozenset({IS_ALLOWED, _SCOPES})
_TARGET: Final = frozenset({_ID, _KIND})
_KINDS: Final[Mapping[object, TargetType]] = {"user": TargetType.USER, "group": TargetType.GROUP}


class CapabilityEntry(NamedTuple):
    """One entry of the list, as Graph returns it."""

    name: str
    """Its name; for an entry without one its type, or its place in the list. It may contain text from the tenant."""
    document: Any
    capability: Capability | None
    """None for an unknown capability."""


def capability_document(capability: Capability) -> dict[str, Any]:
    """Return a capability as it stands in a configuration: its type, its name, and whose data it is about."""
    return {NAME: capability.name.value, **capability_body(capability)}


def capability_body(capability: Capability) -> dict[str, Any]:
    """Return the body of a write of a capability. It is complete, and names the type but not the name, as Graph asks.

    :raises ValueError: when it is not known whose data the capability is about.
    """
    if capability.people is None:
        raise ValueError(f"{capability.name}: whose data it is about is not known")
    is_blocked = capability.people.access is AccessType.BLOCKED
    listed = [_scope(target) for target in capability.people.targets]
    is_all_but = is_blocked and capability.people != NOBODY
    return {
        TYPE: f"{TYPE_PREFIX}{capability.name}",
        INBOUND_ACCESS: {
            IS_ALLOWED: capability.people != NOBODY,
            _SCOPES: {
                _INCLUDED: [_scope(_EVERYBODY.targets[0])] if is_all_but else listed,
                _EXCLUDED: listed if is_all_but else [],
            },
        },
    }


def parse_capabilities(document: object) -> Capabilities | None:
    """Read the known capabilities of a list; None when there is no list. Unknown capabilities are left out.

    :raises UnreadableSetting: when it is not a list.
    """
    if document is None:
        return None
    known = [entry.capability for entry in entries(document) if entry.capability is not None]
    return Capabilities(items=tuple(sorted(known, key=lambda capability: capability.name)))


def entries(document: object) -> tuple[CapabilityEntry, ...]:
    """Return the entries of a list, in its order. A second entry with the same name is unknown.

    :raises UnreadableSetting: when it is not a list.
    """
    if not isinstance(document, list | tuple):
        raise UnreadableSetting(
            RefusalCode.SETTING_NOT_A_LIST, setting=M365_CAPABILITIES, found=type(document).__name__
        )
    found: dict[str, CapabilityEntry] = {}
    for index, item in enumerate(document):
        entry = _entry(item, index)
        if entry.name in found:
            entry = CapabilityEntry(f"{entry.name} ({index + 1})", item, None)
        found[entry.name] = entry
    return tuple(found.values())


def unknown_capabilities(document: object) -> dict[str, Any]:
    """Return the unknown capabilities by their names: False for one that is switched off, else the whole entry.

    :returns: nothing for a value that is not a list; `parse_capabilities` refuses it.
    """
    if not isinstance(document, list | tuple):
        return {}
    return {entry.name: _unknown_access(entry.document) for entry in entries(document) if entry.capability is None}


def unknown_and_effective(own: object, default: object) -> dict[str, Any]:
    """Return the unknown capabilities that may be on with Microsoft 365 collaboration: a partner's, or the default's.

    Mailbox migration is not among them: it needs App Service connect.
    """
    own_names = {entry.name for entry in entries(own)} if isinstance(own, list | tuple) else set()
    inherited = {name: value for name, value in unknown_capabilities(default).items() if name not in own_names}
    return {
        name: value
        for name, value in (inherited | unknown_capabilities(own)).items()
        if value is not False and not _is_migration(value[INBOUND_ACCESS])
    }


def _is_migration(item: object) -> bool:
    return isinstance(item, Mapping) and item.get(TYPE) == f"{TYPE_PREFIX}crossTenantMigration"


def without_switched_off(document: Any) -> Any:
    """Return a list without the entries that are certainly off. A value that is not a list is returned unchanged."""
    if not isinstance(document, list | tuple):
        return document
    return [
        entry.document
        for entry in entries(document)
        if (_unknown_access(entry.document) is not False if entry.capability is None else not _is_off(entry.capability))
    ]


def _is_off(capability: Capability) -> bool:
    return capability.people == NOBODY


def known_entries(document: Any) -> Any:
    """Return a list without its unknown capabilities. A value that is not a list is returned unchanged."""
    if not isinstance(document, list | tuple):
        return document
    return [entry.document for entry in entries(document) if entry.capability is not None]


def entry_of(document: object, name: str) -> Any:
    """Return the entry of one known capability; None when there is none, or when it is not a list."""
    if not isinstance(document, list | tuple):
        return None
    return next((one.document for one in entries(document) if one.name == name and one.capability is not None), None)


def is_list_missing(expected: JsonObject | None, observed: JsonObject | None) -> bool:
    """Return whether a configuration lacks the list although another one has capabilities: it could not be read."""
    return bool((expected or {}).get(M365_CAPABILITIES)) and observed is not None and not has_list(observed)


def has_list(document: JsonObject) -> bool:
    """Return whether the capabilities of a configuration, or of the default, were read."""
    return isinstance(document.get(M365_CAPABILITIES), list | tuple)


def known_names(document: object) -> Iterator[CapabilityName]:
    """Return the names of the known capabilities of a list; none when it is not a list."""
    if isinstance(document, list | tuple):
        yield from (entry.capability.name for entry in entries(document) if entry.capability is not None)


def with_capability(document: object, name: str, body: JsonObject) -> list[Any]:
    """Return the list after a write of one capability, in the order of the names.

    :param document: the list before; a value that is not a list counts as none.
    """
    before = entries(document) if isinstance(document, list | tuple) else ()
    others = [one for one in before if one.name != name]
    return [one.document for one in sorted((*others, CapabilityEntry(name, {NAME: name, **body}, None)), key=_by_name)]


def normal_entry(document: JsonObject) -> dict[str, Any] | None:
    """Return the normal form of a known capability with a known meaning; None for any other entry."""
    capability = _entry(document, 0).capability
    if capability is None or capability.people is None:
        return None
    people = capability.people
    targets = sorted(f"{target.type}:{target.id.lower()}" for target in people.targets)
    return {NAME: capability.name.value, IS_ALLOWED: people.access.value, _SCOPES: targets}


def _by_name(entry: CapabilityEntry) -> str:
    return entry.name


def _entry(item: object, index: int) -> CapabilityEntry:
    if not isinstance(item, Mapping):
        return CapabilityEntry(f"#{index + 1}", item, None)
    kind, name = item.get(TYPE), item.get(NAME)
    shown = next((text for text in (name, kind) if isinstance(text, str) and text), f"#{index + 1}")
    known = next((one for one in CapabilityName if one.value == name), None)
    if known is None or kind != f"{TYPE_PREFIX}{known}" or _has_others(item, _MEMBERS):
        return CapabilityEntry(shown, item, None)
    access = item.get(INBOUND_ACCESS)
    if access is not None and (not isinstance(access, Mapping) or _has_others(access, _ACCESS)):
        return CapabilityEntry(shown, item, None)
    return CapabilityEntry(known.value, item, Capability(name=known, people=_people(access or {})))


def _has_others(document: JsonObject, members: frozenset[str]) -> bool:
    """Return whether an object has members that are not documented, and not null. Annotations are not members."""
    return any(value is not None and key not in members and "@" not in key for key, value in document.items())


def _unknown_access(item: Any) -> Any:
    """Return the entry of an unknown capability; False when it certainly allows nothing."""
    if isinstance(item, Mapping) and not _has_others(item, _MEMBERS):
        access = item.get(INBOUND_ACCESS)
        if isinstance(access, Mapping) and not _has_others(access, _ACCESS) and _people(access) == NOBODY:
            return False
    return {INBOUND_ACCESS: item if item else repr(item)}


def _people(access: JsonObject) -> TargetConfiguration | None:
    """Return whose data a capability is about; None when it is not certain."""
    is_allowed, scopes = access.get(IS_ALLOWED), access.get(_SCOPES)
    lists = _targets(scopes, _INCLUDED), _targets(scopes, _EXCLUDED)
    if not isinstance(is_allowed, bool) or lists[0] is None or lists[1] is None:
        return None
    included, excluded = lists[0], lists[1]
    is_everybody, excludes_everybody = (any(one.id == ALL_USERS for one in some) for some in (included, excluded))
    if not is_allowed:
        # A block of some people says nothing about the others: it is not documented.
        return NOBODY if (is_everybody or not included) and not excluded else None
    if not included or excludes_everybody:
        return None
    if not excluded:
        return _EVERYBODY if is_everybody else TargetConfiguration(access=AccessType.ALLOWED, targets=included)
    return TargetConfiguration(access=AccessType.BLOCKED, targets=excluded) if is_everybody else None


def _targets(scopes: object, name: str) -> tuple[Target, ...] | None:
    """Return one list of a scope, in order; None when this version cannot read it."""
    listed = scopes.get(name) if isinstance(scopes, Mapping) else scopes
    if listed is None:
        return ()
    if not isinstance(listed, list | tuple):
        return None
    targets = [_target(item) for item in listed if item]
    return None if None in targets else tuple(sorted({target for target in targets if target is not None}))


def _target(item: Any) -> Target | None:
    if not isinstance(item, Mapping) or _has_others(item, _TARGET):
        return None
    kind, text = _KINDS.get(item.get(_KIND)), item.get(_ID)
    if kind is None or not isinstance(text, str):
        return None
    # Graph compares ids without case, so "all" is everybody too, and so may be the word of other settings.
    is_everybody = text.lower() in (EVERYBODY.lower(), ALL_USERS.lower())
    return Target(type=TargetType.USER, id=ALL_USERS) if is_everybody else Target(type=kind, id=text.lower())


def _scope(target: Target) -> dict[str, str]:
    return {_ID: EVERYBODY if target.id == ALL_USERS else target.id, _KIND: target.type.value}
