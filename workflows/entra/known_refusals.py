"""Refusals of Graph that Microsoft's pages explain: the meaning of each and what to do, added to the service's words.

The boundary to Microsoft's explanations.

NB. Microsoft changes its messages. A sentence here is only added to a refusal; nothing is decided by it.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

OBJECT_LIMIT: Final = (
    "This is Microsoft's object limit: the older storage of cross-tenant access settings holds 25 KB for all partners "
    "together. Since August 2023 Microsoft moves tenants to a newer one without a limit on partners; ask Microsoft "
    "support whether this tenant is still to be moved. A partner that is deleted to make room falls back to the "
    "tenant's defaults."
)
"""Entra: "Troubleshooting Microsoft Entra B2B collaboration"; Graph: "Update crossTenantAccessPolicy"."""


class _Known(NamedTuple):
    """The part of a message, in lower case, and its meaning."""

    phrases: tuple[str, ...]
    meaning: str


_MEANINGS: Final[Mapping[int, tuple[_Known, ...]]] = {400: (_Known(("object limit", "25 kb", "25kb"), OBJECT_LIMIT),)}


def meaning_of(status: int, message: str) -> str:
    """Explain a refusal by its HTTP status and the service's message; empty when no page of Microsoft explains it."""
    said = message.lower()
    known = (one.meaning for one in _MEANINGS.get(status, ()) if any(phrase in said for phrase in one.phrases))
    return next(known, "")
