"""Read the claims of a token. They are not verified here; Graph verifies them.

A boundary: no other module reads tokens.
"""

import base64
import json


def permissions_in(token: str) -> frozenset[str] | None:
    """Return the application permissions in a token's claims; None when they cannot be read.

    Microsoft does not guarantee the content of a token for another service ("Access tokens in the Microsoft identity
    platform"). So the result must only be used for advice.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        roles = claims.get("roles", [])
    except (AttributeError, IndexError, ValueError, RecursionError):
        return None
    return frozenset(map(str, roles)) if isinstance(roles, list) else None
