"""The claims of a token about its holder. They are read but not verified; Graph verifies them.

The boundary to tokens, which nothing else reads.
"""

import base64
import json


def granted_in(token: str) -> frozenset[str] | None:
    """Return the application permissions in a token's claims; None when it has no readable form.

    Microsoft does not guarantee the content of a token for another service ("Access tokens in the Microsoft identity
    platform"). So only advice may depend on it.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        roles = claims.get("roles", [])
    except (AttributeError, IndexError, ValueError, RecursionError):
        return None
    return frozenset(map(str, roles)) if isinstance(roles, list) else None
