"""Recognise refusals of Graph that Microsoft's pages explain.

A boundary: no other module reads Graph's messages.

NB. Microsoft changes its messages. A meaning is only shown with a refusal; nothing is decided by it.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from workflows.core.errors.tenant_problems import KnownRefusal


class _RefusalPhrases(NamedTuple):
    """Parts of a message, in lower case, and the meaning of a message that contains all of them."""

    phrases: tuple[str, ...]
    meaning: KnownRefusal


_MEANINGS: Final[Mapping[int, tuple[_RefusalPhrases, ...]]] = {
    400: (_RefusalPhrases(("object limit", "25 kb", "25kb"), KnownRefusal.OBJECT_LIMIT),)
}
"""Entra: "Troubleshooting Microsoft Entra B2B collaboration"; Graph: "Update crossTenantAccessPolicy"."""


def meaning_of(status: int, message: str) -> KnownRefusal | None:
    """Return the meaning of a refusal, from its HTTP status and Graph's message; None when it is not known."""
    lower_message = message.lower()
    known_refusals = (
        meaning.meaning
        for meaning in _MEANINGS.get(status, ())
        if any(phrase in lower_message for phrase in meaning.phrases)
    )
    return next(known_refusals, None)
