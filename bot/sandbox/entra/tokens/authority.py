"""Simulate login.microsoftonline.com: a TLS token endpoint with a private certificate authority."""

import os
import secrets
import ssl
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import trustme
from aiohttp import web

from bot.sandbox.entra.tenant.initial_state import APP_ROLES
from bot.sandbox.entra.tokens.refusals import KnownClient, TokenRefusal, refuse_form, tenant_not_found
from bot.sandbox.entra.tokens.signed_tokens import is_valid, signed_token

LIFETIME_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application of the tenant that gets tokens."""

    client_id: str
    client_secret: str
    roles: Callable[[], Sequence[str]]
    """Return its application permissions."""


class TokenAuthority:
    """Issues and checks the application tokens of one tenant.

    NB. A token expires by the machine's clock, not by the sandbox's. The client that caches a token does not notice
    when the sandbox's clock is moved.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        client_secret: str,
        now: Callable[[], datetime],
        roles: Callable[[], Sequence[str]] = lambda: APP_ROLES,
        others: Sequence[Application] = (),
    ) -> None:
        self._roles = roles
        self._others = {one.client_id.lower(): one for one in others}
        """The applications beside the bot's own."""
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.client_secret = client_secret
        self._now = now
        self._key = secrets.token_bytes(32)
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._ca_file: Path | None = None

    @property
    def url(self) -> str:
        """Return the authority's address, `https://localhost:PORT`, once started."""
        if not self._port:
            raise RuntimeError("the token authority is not started")
        return f"https://localhost:{self._port}"

    @property
    def ca_file(self) -> Path:
        """Return the certificate authority's PEM file, for `SSL_CERT_FILE` or `connection_verify`, once started."""
        if self._ca_file is None:
            raise RuntimeError("the token authority is not started")
        return self._ca_file

    def secret_of(self, client_id: str) -> str:
        """Return the secret of an application beside the bot's own."""
        return self._others[client_id.lower()].client_secret

    async def start(self, folder: Path) -> None:
        """Create a certificate authority, write its certificate into `folder` (mode 0600), listen on a free port."""
        authority = trustme.CA(organization_name="Gatehouse sandbox")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        self._ca_file = folder / "token-authority-ca.pem"
        _write_private(self._ca_file, authority.cert_pem.bytes())
        application = web.Application()
        application.add_routes(
            [
                web.post("/{tenant}/oauth2/v2.0/token", self._token),
                web.get("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
                web.get("/{tenant}/discovery/instance", self._instance),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self._port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening; a second call does nothing."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def issue(self, lifetime_seconds: int = LIFETIME_SECONDS) -> str:
        """Return a token of the bot for Graph that is valid for `lifetime_seconds` of real time."""
        return self._signed(self.client_id, self._roles(), lifetime_seconds)

    def issue_to(self, client_id: str) -> str:
        """Return a token of another application for Graph."""
        return self._signed(client_id, self._others[client_id.lower()].roles(), LIFETIME_SECONDS)

    def _signed(self, client_id: str, roles: Sequence[str], lifetime: int) -> str:
        return signed_token(self._key, tenant_id=self.tenant_id, client_id=client_id, lifetime=lifetime, roles=roles)

    def accepts(self, token: str) -> bool:
        """Return whether `token` was issued here and has not expired."""
        return is_valid(self._key, token)

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        other = self._others.get(form.get("client_id", "").lower())
        known = KnownClient(
            tenant_id=self.tenant_id,
            client_id=self.client_id if other is None else other.client_id,
            secret=self.client_secret if other is None else other.client_secret,
        )
        refusal = refuse_form(form, tenant=request.match_info["tenant"], known=known)
        if refusal is not None:
            return self._error_response(refusal)
        return web.json_response(
            {
                "token_type": "Bearer",
                "expires_in": LIFETIME_SECONDS,
                "ext_expires_in": LIFETIME_SECONDS,
                "access_token": self.issue() if other is None else self.issue_to(other.client_id),
            },
            headers={"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"},
        )

    def _error_response(self, refusal: TokenRefusal) -> web.Response:
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        stamp = self._now().strftime("%Y-%m-%d %H:%M:%SZ")
        description = (
            f"AADSTS{refusal.number}: {refusal.text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        )
        body = {
            "error": refusal.error,
            "error_description": description,
            "error_codes": [refusal.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={refusal.number}",
        }
        return web.json_response(body, status=refusal.status)

    async def _configuration(self, request: web.Request) -> web.Response:
        tenant = request.match_info["tenant"]
        if tenant.lower() not in (self.tenant_id.lower(), "common", "organizations"):
            return self._error_response(tenant_not_found(tenant))
        root = f"{self.url}/{tenant}"
        return web.json_response(
            {
                "token_endpoint": f"{root}/oauth2/v2.0/token",
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "jwks_uri": f"{root}/discovery/v2.0/keys",
                "issuer": f"{self.url}/{self.tenant_id}/v2.0",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "tenant_region_scope": "NA",
                "cloud_instance_name": "microsoftonline.com",
            }
        )

    async def _instance(self, request: web.Request) -> web.Response:
        host = urlsplit(self.url).netloc
        return web.json_response(
            {
                "tenant_discovery_endpoint": f"{self.url}/{self.tenant_id}/v2.0/.well-known/openid-configuration",
                "api-version": request.query.get("api-version", "1.1"),
                "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
            }
        )


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from the beginning."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
