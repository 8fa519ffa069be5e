"""The texts that name kinds of access; no other module names them."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.words.settings.values import REDEMPTION_TITLES, TITLES, TRUST_TITLES
from workflows.core.settings.model import FLAGS, IDENTITY_SYNCHRONIZATION, Property
from workflows.core.settings.open_access import (
    CAPABILITIES,
    DEFAULT,
    USERS_SYNCHRONIZED,
    AccessKind,
    AccessState,
    OpenAccess,
)

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.\-]{1,100}")
_MAX_NAME_CHARACTERS: Final = 100
_MAX_NAMED_TARGETS: Final = 25
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
    DEFAULT: "whatever else the tenant's default opens",
}


ACCESS_STATE_WORDS: Final[Mapping[AccessState, str]] = {
    AccessState.OPEN: "open",
    AccessState.PARTLY: "partly open",
    AccessState.CLOSED: "closed",
    AccessState.UNKNOWN: "not known",
}


def access_kind_title(name: str) -> str:
    """Return the title for a Graph name.

    An unusual name is shown in ASCII, so that hidden characters become visible.
    """
    if name in _TITLES:
        return _TITLES[name]
    setting, _, member = name.partition(".")
    if member and setting in TITLES:
        return f"{TITLES[setting]}, {_shown(member)}"
    return _shown(name)


def access_kinds_words(access_kinds: Iterable[AccessKind | OpenAccess]) -> str:
    """List kinds of access by their titles. One that is not closed also shows how far it is open."""
    titles = [
        access_kind_title(kind.name) if kind.opening is AccessState.CLOSED else _with_access_state(kind)
        for kind in access_kinds
    ]
    more = len(titles) - _MAX_NAMED_TARGETS
    return "; ".join([*titles[:_MAX_NAMED_TARGETS], *([f"{more} more"] if more > 0 else [])])


def not_closed_words(not_closed: Sequence[AccessKind | OpenAccess]) -> str:
    """State in one sentence what is not certainly closed; empty when everything is closed."""
    return f"Still open or not known: {access_kinds_words(not_closed)}." if not_closed else ""


def _with_access_state(kind: AccessKind | OpenAccess) -> str:
    return f"{access_kind_title(kind.name)} ({ACCESS_STATE_WORDS[kind.opening]})"


def _shown(name: str) -> str:
    shown = name if _PLAIN.fullmatch(name) else json.dumps(name)
    return shown if len(shown) <= _MAX_NAME_CHARACTERS else f"{shown[:_MAX_NAME_CHARACTERS]}…"
