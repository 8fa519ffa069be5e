"""Refusals of Graph that Microsoft's pages explain: which one it is, as a value beside the service's words.

The boundary to Microsoft's explanations.

NB. Microsoft changes its messages. A meaning is only told with a refusal; nothing is decided by it.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from workflows.ports.tenant_problems import KnownRefusal


class _Known(NamedTuple):
    """The part of a message, in lower case, and its meaning."""

    phrases: tuple[str, ...]
    meaning: KnownRefusal


_MEANINGS: Final[Mapping[int, tuple[_Known, ...]]] = {
    400: (_Known(("object limit", "25 kb", "25kb"), KnownRefusal.OBJECT_LIMIT),)
}
"""Entra: "Troubleshooting Microsoft Entra B2B collaboration"; Graph: "Update crossTenantAccessPolicy"."""


def meaning_of(status: int, message: str) -> KnownRefusal | None:
    """Explain a refusal by its HTTP status and the service's message; None when no page of Microsoft explains it."""
    said = message.lower()
    known = (one.meaning for one in _MEANINGS.get(status, ()) if any(phrase in said for phrase in one.phrases))
    return next(known, None)
