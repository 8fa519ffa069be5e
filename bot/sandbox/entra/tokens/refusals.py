"""Check a client-credentials form as Entra does ("Microsoft Entra authentication and authorization error codes")."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_GRAPH = ("https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownClient:
    """An application that gets tokens here."""

    tenant_id: str
    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class TokenRefusal:
    """A refusal: HTTP status, OAuth error, AADSTS number, text."""

    status: int
    error: str
    number: int
    text: str


def refuse_form(form: Mapping[str, str], *, tenant: str, known: KnownClient) -> TokenRefusal | None:
    """Return why this form gets no token, or None. Other fields, such as `claims`, are ignored."""
    if tenant.lower() != known.tenant_id.lower():
        return tenant_not_found(tenant)
    grant = form.get("grant_type", "")
    if grant != "client_credentials":
        text = f"The app requested an unsupported grant type '{grant}'."
        return TokenRefusal(400, "unsupported_grant_type", 70003, text)
    client = form.get("client_id", "")
    if client.lower() != known.client_id.lower():
        text = f"Application with identifier '{client}' was not found in the directory '{known.tenant_id}'."
        return TokenRefusal(400, "unauthorized_client", 700016, text)
    secret = form.get("client_secret")
    if not secret:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        return TokenRefusal(401, "invalid_client", 7000218, text)
    if not hmac.compare_digest(secret.encode(errors="replace"), known.secret.encode()):
        text = f"Invalid client secret provided for app '{client}'. Send the secret's value, not its ID."
        return TokenRefusal(401, "invalid_client", 7000215, text)
    return _refuse_scope(form.get("scope", ""))


def tenant_not_found(tenant: str) -> TokenRefusal:
    """Return the refusal for another tenant's id."""
    text = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
    return TokenRefusal(400, "invalid_request", 90002, text)


def _refuse_scope(scope: str) -> TokenRefusal | None:
    """Return a refusal unless the scope is `<resource>/.default`.

    The resource is Graph by one of its names, or the loopback address of this sandbox.
    """
    resource, default, rest = scope.partition("/.default")
    if not default or rest:
        text = f"The provided value for scope {scope} is not valid: it must be the resource's identifier and /.default."
        return TokenRefusal(400, "invalid_scope", 1002012, text)
    try:
        host = urlsplit(resource).hostname
    except ValueError:
        host = None
    if resource.rstrip("/") not in _GRAPH and host not in _LOOPBACK:
        text = f"The resource principal named {resource} was not found in the tenant."
        return TokenRefusal(400, "invalid_resource", 500011, text)
    return None
