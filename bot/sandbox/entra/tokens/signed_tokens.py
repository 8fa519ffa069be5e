"""Create and check tokens in Entra's form: header.payload.signature. The key never leaves this process."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Sequence
from typing import Any


def signed_token(key: bytes, *, tenant_id: str, client_id: str, lifetime: int, roles: Sequence[str]) -> str:
    """Return an application token for Graph that expires after `lifetime` seconds of the machine's clock."""
    issued = int(time.time())
    claims = {
        "aud": "https://graph.microsoft.com",
        "iss": f"https://sts.windows.net/{tenant_id}/",
        "iat": issued,
        "nbf": issued,
        "exp": issued + lifetime,
        "appid": client_id,
        "app_displayname": "Gatehouse",
        "idtyp": "app",
        "roles": list(roles),
        "tid": tenant_id,
        "uti": uuid.uuid4().hex,
        "ver": "1.0",
    }
    head = f"{_encode({'typ': 'JWT', 'alg': 'HS256'})}.{_encode(claims)}"
    return f"{head}.{_signature(key, head)}"


def is_valid(key: bytes, token: str) -> bool:
    """Return whether `token` was signed with `key` and has not expired."""
    head, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(errors="replace"), _signature(key, head).encode()):
        return False
    payload = head.partition(".")[2]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return bool(claims["exp"] > time.time())


def _signature(key: bytes, head: str) -> str:
    digest = hmac.new(key, head.encode(errors="replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _encode(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
