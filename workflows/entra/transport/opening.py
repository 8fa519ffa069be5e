"""Open the connection to Graph: credential, addresses, time limits, and what sees each request on its way out."""

import ssl
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from kiota_http.kiota_client_factory import KiotaClientFactory
from kiota_http.middleware import BaseMiddleware, ParametersNameDecodingHandler, UserAgentHandler
from msgraph.graph_request_adapter import GraphRequestAdapter

from workflows.entra.settings import EntraSettings
from workflows.entra.transport.connection import WRITE_SECONDS, Connection
from workflows.entra.transport.credential import UnattendedCredential
from workflows.entra.transport.early_imports import import_early, load_builders
from workflows.entra.transport.traffic.read_retries import ReadRetries
from workflows.entra.transport.traffic.traffic import Traffic
from workflows.ports.tenant import ask_before_write

_CONNECT_SECONDS: Final = 3.0
_SENT_AT: Final = "gatehouse_sent_at"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

RequestCheck = Callable[[httpx.Request], bool]
"""Returns whether a request is a write, and raises when it must not be sent. The request's content has been read."""


class LastCheck(BaseMiddleware):
    """Lets a request through only when the check does not raise. It is the last step before the connection."""

    def __init__(self, check: RequestCheck) -> None:
        super().__init__()
        self._check = check

    async def send(self, request: httpx.Request, transport: httpx.AsyncBaseTransport) -> httpx.Response:
        """Check the request, ask whether a write is still wanted, and send it."""
        await request.aread()
        if self._check(request):
            await ask_before_write()
        return await super().send(request, transport)


def open_connection(settings: EntraSettings, check: RequestCheck, traffic: Traffic | None = None) -> Connection:
    """Create the connection. Nothing is sent before its first call.

    :param check: sees each request as it leaves, after everything that can change it.
    :param traffic: what it shares with other connections to Graph; None: it shares nothing.
    :raises ValueError: when `graph_url` is neither https nor on loopback, or a credential setting cannot be used.
    """
    traffic = traffic or Traffic()
    root = settings.graph_url.rstrip("/")
    host = urlsplit(root).hostname or ""
    if urlsplit(root).scheme != "https" and host not in _LOOPBACK:
        raise ValueError(f"graph_url: {settings.graph_url!r} must be an https address (plain http only on loopback)")
    credential = UnattendedCredential(settings)
    scope = f"https://{host}/.default"
    provider = AzureIdentityAuthenticationProvider(
        credential,
        scopes=[scope],
        # NB. kiota sends no token to any other host, and gives no warning.
        allowed_hosts=[host],
    )
    client = _client(settings, check, traffic)
    adapter = GraphRequestAdapter(provider, client)
    adapter.base_url = root
    load_builders(adapter)
    import_early()
    return Connection(
        adapter=adapter,
        client=client,
        credential=credential,
        root=root,
        scope=scope,
        traffic=traffic,
        redact=settings.redact,
    )


def _client(settings: EntraSettings, check: RequestCheck, traffic: Traffic) -> httpx.AsyncClient:
    """Return the client that sends requests, with everything that a request passes on its way out."""
    return KiotaClientFactory.create_with_custom_middleware(
        [
            ReadRetries(traffic.repeats),
            ParametersNameDecodingHandler(),
            UserAgentHandler(),
            LastCheck(check),
        ],
        httpx.AsyncClient(
            timeout=httpx.Timeout(WRITE_SECONDS, connect=_CONNECT_SECONDS),
            trust_env=settings.use_environment_proxy,
            event_hooks=_date_hooks(settings.observe_date),
            # The certificates of the machine, or of SSL_CERT_FILE, which azure-identity uses too.
            verify=ssl.create_default_context(),
        ),
    )


def _date_hooks(observe: Callable[[str, float], None] | None) -> dict[str, list[Callable[..., Any]]]:
    """Return what gives the date of each answer to the observer."""
    if observe is None:
        return {}

    async def sent(request: httpx.Request) -> None:
        request.extensions[_SENT_AT] = time.monotonic()

    async def answered(response: httpx.Response) -> None:
        if date := response.headers.get("date"):
            observe(date, time.monotonic() - response.request.extensions[_SENT_AT])

    return {"request": [sent], "response": [answered]}
