"""Recognise pasted Microsoft Graph settings, and list which values are wrong and what to write instead.

Examples in articles often use names of Conditional Access, or other upper and lower case. Some use lists whose meaning
Microsoft does not document (Graph: "crossTenantAccessPolicyTarget resource type").
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from workflows.core.settings.model import (
    ALL_APPLICATIONS,
    ALL_MICROSOFT_APPS,
    ALL_USERS,
    OFFICE_365,
    AccessType,
    Property,
    TargetType,
)

_LISTS: Final = ("usersAndGroups", "applications", "users")
_MEMBERS: Final = (*(name.value for name in Property), *_LISTS, "accessType", "targets", "target", "targetType")
_NAMES: Final[Mapping[str, str]] = {name.lower(): name for name in _MEMBERS}
_CONDITIONAL_ACCESS_NAMES: Final[Mapping[str, str]] = {
    "includeusers": "usersAndGroups",
    "excludeusers": "usersAndGroups",
    "includegroups": "usersAndGroups",
    "includeapplications": "applications",
    "excludeapplications": "applications",
}
"""Names of Conditional Access, each with the name for the same in cross-tenant access settings."""
_RECOGNISED_NAMES: Final = {
    *_CONDITIONAL_ACCESS_NAMES,
    "accesstype",
    "targettype",
    "usersandgroups",
    *(name.value.lower() for name in Property),
}
_WORDS: Final[Mapping[str, str]] = {
    word.lower(): word for word in (ALL_USERS, ALL_APPLICATIONS, OFFICE_365, ALL_MICROSOFT_APPS)
}
_ACCESS: Final[Mapping[str, AccessType]] = {
    "allow": AccessType.ALLOWED,
    "allowed": AccessType.ALLOWED,
    "block": AccessType.BLOCKED,
    "blocked": AccessType.BLOCKED,
}
_MAX_DEPTH: Final = 20


def is_graph_example(document: object) -> bool:
    """Return whether a document uses the names of cross-tenant access settings or of Conditional Access."""
    return any(name.lower() in _RECOGNISED_NAMES for name in _names(document, 0))


def corrected_word(value: object, *, of_applications: bool = False) -> str | None:
    """Return the reserved word that was probably meant, in Graph's exact spelling; None when no word is similar.

    :param of_applications: whether "All" is in a list of applications.
    """
    if not isinstance(value, str):
        return None
    if value.strip().lower() == "all":
        return ALL_APPLICATIONS if of_applications else ALL_USERS
    return _WORDS.get(value.strip().lower())


def corrections(document: object) -> tuple[str, ...]:
    """List the wrong names and values of a pasted example, each with its place and what to write instead."""
    return tuple(dict.fromkeys(_corrections(document, (), 0)))


def _corrections(value: object, path: tuple[str, ...], depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _corrections(item, (*path, str(index)), depth + 1)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _member(str(name), item, (*path, str(name)), value)
            yield from _corrections(item, (*path, str(name)), depth + 1)


def _member(name: str, value: Any, path: tuple[str, ...], siblings: Mapping[Any, Any]) -> Iterator[str]:
    place, known = ".".join(path), _NAMES.get(name.lower())
    if name.lower() in _CONDITIONAL_ACCESS_NAMES:
        instead = _CONDITIONAL_ACCESS_NAMES[name.lower()]
        yield f"{place}: this is a name of Conditional Access; write {instead} with accessType and targets"
    elif known is not None and known != name:
        yield f"{place}: write {known}; Graph's names are case-sensitive"
    match known:
        case "accessType" if value not in tuple(AccessType):
            meant = _ACCESS.get(str(value).strip().lower())
            yield f"{place}: {value!r}: write {f'“{meant}”' if meant else '“allowed” or “blocked”'}"
        case "targets" if value in ([], None):
            yield f"{place}: an empty list has no documented meaning; name at least one target, or a word for all"
        case "usersAndGroups" | "applications" if value is None and any(siblings.get(other) for other in _LISTS):
            yield f"{place}: null beside a list that is set has no documented meaning; write both lists"
        case "target":
            yield from _target(value, path, siblings)


def _target(value: Any, path: tuple[str, ...], siblings: Mapping[Any, Any]) -> Iterator[str]:
    place = ".".join(path)
    is_application = "applications" in [part.lower() for part in path]
    word = corrected_word(value, of_applications=is_application)
    if word is None:
        return
    if word != value:
        yield f"{place}: {value!r}: write “{word}”"
    target_type = TargetType.USER if word == ALL_USERS else TargetType.APPLICATION
    kind = next((item for name, item in siblings.items() if str(name).lower() == "targettype"), None)
    if kind != target_type:
        yield f"{place.rpartition('.')[0]}.targetType: {kind!r}: write “{target_type}” beside {word}"


def _names(value: object, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield str(name)
            yield from _names(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _names(item, depth + 1)
