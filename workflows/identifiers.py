"""Names for requests that a person can read aloud."""

import base64
import hashlib
from typing import Final

from workflows.core.request import RequestId

_LENGTH: Final = 10


def derived_request_id(key: str) -> RequestId:
    """Derive a request's id from the click that asked for it, so that a repeated click names the same request.

    :returns: `R-` and 10 characters of base 32 (50 bits); a collision is refused by the store, never merged.
    """
    hashed = base64.b32encode(hashlib.sha256(f"gatehouse/request/{key}".encode()).digest()).decode()
    return RequestId(f"R-{hashed[:_LENGTH]}")
