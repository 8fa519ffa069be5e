"""What a token says of who holds it. Read, not judged: whether it is genuine, Graph finds out."""

import base64
import json


def granted_in(token: str) -> frozenset[str] | None:
    """List the application permissions in a token's claims; None when it is in no form that can be read.

    Microsoft promises nothing about the inside of a token for another service ("Access tokens in the Microsoft identity
    platform"), so nothing but advice may depend on it.
    """
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        roles = claims.get("roles", [])
    except (AttributeError, IndexError, ValueError, RecursionError):
        return None
    return frozenset(map(str, roles)) if isinstance(roles, list) else None
