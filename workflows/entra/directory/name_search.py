"""Search our own users, groups and applications by name: the filter, and the results. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Final

from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TargetType
from workflows.entra.answers.answers import odata_literal
from workflows.ports.tenant_settings import FoundObject, ObjectKind

_HIDDEN: Final = "HiddenMembership"
_SEARCHED: Final[Mapping[TargetType, tuple[str, ...]]] = {
    TargetType.GROUP: ("displayName",),
    TargetType.USER: ("displayName", "mail", "userPrincipalName"),
    TargetType.APPLICATION: ("displayName",),
}
SELECTED: Final[Mapping[TargetType, list[str]]] = {
    TargetType.GROUP: ["id", "displayName", "mail", "groupTypes", "mailEnabled", "securityEnabled", "visibility"],
    TargetType.USER: ["id", "displayName", "mail", "userPrincipalName", "userType", "accountEnabled"],
    TargetType.APPLICATION: ["id", "appId", "displayName", "accountEnabled"],
}


def prefix_filter(kind: TargetType, prefix: str) -> str:
    """Return the filter for objects whose name begins with a text. Graph ignores upper and lower case in it."""
    return " or ".join(f"startswith({field},{odata_literal(prefix)})" for field in _SEARCHED[kind])


def word_search(words: Sequence[str]) -> str:
    """Return the search for objects with one of these words in their name.

    :raises ValueError: for a word with other characters than letters and digits, which could end the search.
    """
    if not all(word.isalnum() for word in words):
        raise ValueError("a word of letters and digits is needed")
    return " OR ".join(f'"displayName:{word}"' for word in words)


def found_objects(kind: TargetType, rows: Sequence[JsonObject]) -> list[FoundObject]:
    """Read the results of a search, sorted by name. Groups with hidden membership are left out."""
    objects = (_object_of(kind, row) for row in rows if row.get("visibility") != _HIDDEN)
    return sorted(
        (found_object for found_object in objects if found_object.id),
        key=lambda found_object: (found_object.name.lower(), found_object.id),
    )


def _object_of(kind: TargetType, row: JsonObject) -> FoundObject:
    key = "appId" if kind is TargetType.APPLICATION else "id"
    return FoundObject(
        id=str(row.get(key) or "").lower(),
        name=str(row.get("displayName") or ""),
        mail=str(row.get("mail") or row.get("userPrincipalName") or ""),
        kind=_KINDS[kind](row),
        is_disabled=kind is not TargetType.GROUP and row.get("accountEnabled") is False,
    )


def _group(row: JsonObject) -> ObjectKind:
    if "Unified" in (row.get("groupTypes") or ()):
        return ObjectKind.MICROSOFT_365_GROUP
    if row.get("mailEnabled") is True:
        is_security = row.get("securityEnabled") is True
        return ObjectKind.MAIL_ENABLED_SECURITY_GROUP if is_security else ObjectKind.DISTRIBUTION_LIST
    return ObjectKind.SECURITY_GROUP


def _user(row: JsonObject) -> ObjectKind:
    return ObjectKind.GUEST if row.get("userType") == "Guest" else ObjectKind.MEMBER


def _application(_: JsonObject) -> ObjectKind:
    return ObjectKind.APPLICATION


_KINDS: Final = {TargetType.GROUP: _group, TargetType.USER: _user, TargetType.APPLICATION: _application}
