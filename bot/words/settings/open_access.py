"""The texts that name kinds of access; no other module names them."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from bot.words.sentences import counted
from bot.words.settings.capabilities import CAPABILITY_KIND_TITLES
from bot.words.settings.values import REDEMPTION_TITLES, TITLES, TRUST_TITLES
from workflows.core.settings.model import FLAGS, IDENTITY_SYNCHRONIZATION, Property
from workflows.core.settings.open_access import (
    CAPABILITIES,
    DEFAULT,
    USERS_SYNCHRONIZED,
    AccessKind,
    AccessState,
    OpenAccess,
    is_known_open,
)

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.\-]{1,100}")
_MAX_NAME_CHARACTERS: Final = 100
_MAX_NAMED_TARGETS: Final = 25
_TRUST: Final = "Trust in the partner's "
"""How the titles of trust begin, which have no comma before what differs."""
_TITLES: Final = {
    **TITLES,
    **{
        f"{name}.{graph}": titles[key]
        for name, titles in ((Property.INBOUND_TRUST, TRUST_TITLES), (Property.AUTOMATIC_REDEMPTION, REDEMPTION_TITLES))
        for key, graph in FLAGS[name].items()
    },
    USERS_SYNCHRONIZED: TITLES[IDENTITY_SYNCHRONIZATION],
    f"{IDENTITY_SYNCHRONIZATION}.groupSyncInbound": "Group synchronization into this tenant (groupSyncInbound)",
    CAPABILITIES: "Microsoft 365 capabilities",
    **CAPABILITY_KIND_TITLES,
    DEFAULT: "whatever else the tenant's default opens",
}


ACCESS_STATE_WORDS: Final[Mapping[AccessState, str]] = {
    AccessState.OPEN: "open",
    AccessState.PARTLY: "partly open",
    AccessState.CLOSED: "closed",
    AccessState.UNKNOWN: "not known",
}
NOT_ALL_CLOSED: Final = "not everything closed"
REST_UNKNOWN: Final = "not known if everything is closed"
"""What follows the state of a closed partner, where a part is open, and where this could not be read."""


def access_kind_title(name: str) -> str:
    """Return the title for a Graph name.

    An unusual name is shown in ASCII, so that hidden characters become visible.
    """
    if name in _TITLES:
        return _TITLES[name]
    setting, _, member = name.partition(".")
    if member and setting in TITLES:
        return f"{TITLES[setting]}, {_ascii_name(member)}"
    return _ascii_name(name)


def access_kind_titles(names: Iterable[str], *, with_graph_names: bool = False, separator: str = "; ") -> str:
    """List kinds of access by their titles; for those that Gatehouse does not know see `access_kinds_words`."""
    known, unknown = _split(list(names), str)
    counts = _unknown_settings(unknown, with_graph_names=with_graph_names)
    return separator.join([*map(access_kind_title, known), *counts])


def access_kinds_words(access_kinds: Iterable[AccessKind | OpenAccess], *, with_graph_names: bool = False) -> str:
    """List kinds of access by their titles. One that is not closed also shows how far it is open.

    Settings that Gatehouse does not know are counted: what Microsoft Graph calls them says nothing to most readers.

    :param with_graph_names: whether these names are shown as well, for administrators.
    """
    known, unknown = _split(list(access_kinds), lambda kind: kind.name)
    titles = [
        access_kind_title(kind.name) if kind.opening is AccessState.CLOSED else _with_access_state(kind)
        for kind in known
    ]
    more = len(titles) - _MAX_NAMED_TARGETS
    counts = _unknown_settings([kind.name for kind in unknown], with_graph_names=with_graph_names)
    return "; ".join([*titles[:_MAX_NAMED_TARGETS], *([f"{more} more"] if more > 0 else []), *counts])


def unknown_settings_words(names: Sequence[str]) -> str:
    """Return how many settings Gatehouse does not know, without their names."""
    return f"{counted(len(names), 'setting')} that Gatehouse does not know"


def graph_names_words(names: Sequence[str]) -> str:
    """Return the names of some settings in Microsoft Graph; the names that do not fit are counted."""
    shown_names = [_ascii_name(name) for name in names[:_MAX_NAMED_TARGETS]]
    more = len(names) - len(shown_names)
    return ", ".join([*shown_names, *([f"{more} more"] if more > 0 else [])])


def not_closed_words(not_closed: Sequence[AccessKind | OpenAccess]) -> str:
    """State in one sentence what is not certainly closed; empty when everything is closed."""
    return f"Still open or not known: {access_kinds_words(not_closed)}." if not_closed else ""


def closing_rest_words(not_closed: Sequence[AccessKind | OpenAccess] | None) -> str:
    """State in a few words, after "revoked" or "blocked", that not everything is closed, or that this is not known.

    :param not_closed: what was not certainly closed in the read-back; None when it was not stored.
    :returns: an empty text when everything is closed, and for None.
    """
    if not not_closed:
        return ""
    return NOT_ALL_CLOSED if is_known_open(not_closed) else REST_UNKNOWN


_Kind = TypeVar("_Kind")


def _split(kinds: Sequence[_Kind], name_of: Callable[[_Kind], str]) -> tuple[list[_Kind], list[_Kind]]:
    """Return the kinds that Gatehouse has a title for, and the kinds without a title."""
    known_kinds = [item for item in kinds if is_known_setting(name_of(item))]
    return known_kinds, [item for item in kinds if item not in known_kinds]


def is_known_setting(name: str) -> bool:
    """Return whether Gatehouse has a title for a Graph name, or for the setting that it is a member of."""
    return name in _TITLES or name.partition(".")[0] in TITLES


def _unknown_settings(names: Sequence[str], *, with_graph_names: bool) -> Iterator[str]:
    if names:
        yield unknown_settings_words(names) + (f" ({graph_names_words(names)})" if with_graph_names else "")


def _with_access_state(kind: AccessKind | OpenAccess) -> str:
    return f"{access_kind_title(kind.name)} ({ACCESS_STATE_WORDS[kind.opening]})"


def _ascii_name(name: str) -> str:
    ascii_name = name if _PLAIN.fullmatch(name) else json.dumps(name)
    return ascii_name if len(ascii_name) <= _MAX_NAME_CHARACTERS else f"{ascii_name[:_MAX_NAME_CHARACTERS]}…"


def grouped_counts_words(counts: Iterable[tuple[str, int]]) -> str:
    """Name kinds of access with their counts. What their titles have in common is said once.

    :param counts: the title of each kind, and how many partners have it; the most frequent first.
    """
    groups: dict[str, list[str]] = {}
    for title, count in counts:
        group, part = _group_and_part(title)
        groups.setdefault(group, []).append(f"{part} ({count})".lstrip())
    return " · ".join(f"{group} {', '.join(parts)}" for group, parts in groups.items())


def _group_and_part(title: str) -> tuple[str, str]:
    if title.startswith(_TRUST):
        return "Trust in", title.removeprefix(_TRUST)
    group, comma, part = title.partition(", ")
    return (group, part) if comma else (title, "")
