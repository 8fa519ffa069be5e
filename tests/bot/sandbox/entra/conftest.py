"""A simulated tenant behind an HTTP server, and a client that compares answers with Microsoft's description."""

import importlib
import json
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.sandbox.entra import EntraSimulator
from tests.bot.sandbox.entra.contract import (
    check_request,
    check_request_in_sdk,
    check_response,
    check_response_in_sdk,
    mock_request,
)
from tests.served import served

with warnings.catch_warnings():
    # Microsoft's SDK warns about its own classes while they are being made.
    warnings.simplefilter("ignore", DeprecationWarning)
    importlib.import_module("msgraph.generated.users.users_request_builder")

TOKEN = "a-token"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CONTOSO = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"
FABRIKAM = "fab0fab0-2222-4aaa-8bbb-0123456789a2"
PARTNERS = "/policies/crossTenantAccessPolicy/partners"


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])


@dataclass(slots=True)
class Graph:
    """A client of the simulator that checks every answer, and every request that was accepted, against the SDK.

    Also against the contract, where it is present.
    """

    base: str
    session: aiohttp.ClientSession

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: Any = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
        described: bool = True,
    ) -> Seen:
        """Send one call; `described=False` for a call that only Microsoft's SDK describes."""
        content = json.dumps(body).encode() if body is not None else raw
        sent = {"Authorization": f"Bearer {TOKEN}", **(headers or {})}
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        url = URL(self.base + path, encoded=True).update_query(query or {})
        async with self.session.request(method, url, data=content, headers=sent) as response:
            seen = Seen(response.status, dict(response.headers), await response.text())
        request = mock_request(method, path, query=query or {}, headers=sent, content=content)
        if described:
            check_response(request, seen.status, seen.text.encode(), seen.headers.get("Content-Type", ""))
            if seen.status < 300:
                check_request(request)
        else:
            address = mock_request(method, path.partition("?")[0], query=query or {}, headers=sent, content=content)
            check_response_in_sdk(address, seen.status, seen.text.encode())
            if seen.status < 300:
                check_request_in_sdk(address)
        return seen


@dataclass(slots=True)
class Changes:
    """Counts calls of `on_change`."""

    count: int = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def simulator(changes: Changes) -> EntraSimulator:
    return EntraSimulator(now=lambda: NOW, on_change=changes, accepts_token=lambda token: token == TOKEN)


@pytest.fixture
async def graph(simulator: EntraSimulator) -> AsyncIterator[Graph]:
    application = web.Application()
    application.add_routes(simulator.routes())
    async with served(application) as address, aiohttp.ClientSession() as session:
        yield Graph(f"{address}/graph/v1.0", session)
