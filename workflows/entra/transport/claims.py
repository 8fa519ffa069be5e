"""Read the claims of a token. They are not verified here; Graph verifies them.

A boundary: no other module reads tokens.
"""

import base64
import json
from dataclasses import dataclass

import httpx

from workflows.core.settings.model import TenantId, is_guid
from workflows.ports.tenant import WrongTenant


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """What a token says. Microsoft does not guarantee the content of a token for another service.

    Source: "Access tokens in the Microsoft identity platform". So a claim may hold something back, and never allows it.
    """

    tenant_id: TenantId | None = None
    """The tenant that the token is for (`tid`), in lower case; None when that cannot be read."""
    permissions: frozenset[str] | None = None
    """The application permissions (`roles`); None when they cannot be read."""
    own_ids: frozenset[str] = frozenset()
    """The ids of the application and its service principal (`appid`, `oid`); empty when they cannot be read."""


def claims_in(token: str) -> TokenClaims:
    """Return the claims of a token; nothing of one that cannot be read."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (AttributeError, IndexError, ValueError, RecursionError):
        return TokenClaims()
    if not isinstance(claims, dict):
        return TokenClaims()
    roles, tenant = claims.get("roles", []), str(claims.get("tid") or "").lower()
    return TokenClaims(
        tenant_id=TenantId(tenant) if is_guid(tenant) else None,
        permissions=frozenset(map(str, roles)) if isinstance(roles, list) else None,
        own_ids=frozenset(str(claims[name]) for name in ("appid", "oid") if claims.get(name)),
    )


def require_own_token(request: httpx.Request, expected: TenantId | None) -> None:
    """Check that a write leaves with a token of our tenant, as far as the token says.

    :param expected: the configured tenant; None: every tenant is accepted.
    :raises WrongTenant: for a token of another tenant. Nothing was sent.
    """
    found = claims_in(_token_of(request)).tenant_id
    if expected is not None and found is not None and found != expected:
        raise WrongTenant(found, expected)


def _token_of(request: httpx.Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
