"""The name of a partner in a sentence: the verified domain first, never the name that its own admins chose."""

import re
from typing import Final

UNNAMED: Final = "a partner without a known domain"
"""What a notification says when only the tenant ID is known. The message itself has the ID."""

_ID: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_BOTH_NAMES: Final = re.compile(r".* \((?P<verified>[^\s()]+)\)", re.DOTALL)


def verified_name(partner: str) -> str:
    """Return the domain or tenant ID in a stored name. Earlier versions stored it after the display name."""
    both = _BOTH_NAMES.fullmatch(partner)
    return partner if both is None else both["verified"]


def notified_name(partner: str) -> str:
    """Return the name of a partner for a notification: its domain, or words when only its tenant ID is known."""
    verified = verified_name(partner)
    return UNNAMED if _ID.fullmatch(verified) else verified


def without_ids(text: str) -> str:
    """Replace the IDs of Entra in a text for a notification. The message itself has them."""
    return _ID.sub("[ID]", text)
