"""Ids that follow from a click, so that a repeated click names the same request and the same audit entry."""

import base64
import hashlib
from typing import Final

from workflows.core.requests.request import RequestId

_LENGTH: Final = 10


def derived_request_id(key: str) -> RequestId:
    """Derive a request's id from the click that asked for it, so that a repeated click names the same request.

    :returns: `R-` and 10 characters of base 32 (50 bits); a collision is refused by the store, never merged.
    """
    hashed = base64.b32encode(hashlib.sha256(f"gatehouse/request/{key}".encode()).digest()).decode()
    return RequestId(f"R-{hashed[:_LENGTH]}")


def verdict_key(click: str) -> str:
    """Name the audit entry of a click's verdict, by the click's own idempotency key."""
    return f"verdict:{click}"


def revocation_id(click: str) -> RequestId:
    """Name the revocation that a click leads to, also before it is judged."""
    return derived_request_id(verdict_key(click))
