"""The gateway, connected to a simulated tenant and its token endpoint on real sockets."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web

from bot.sandbox import seed
from bot.sandbox.entra import Application, EntraSimulator, TokenAuthority
from bot.sandbox.entra.tenant import initial_state
from bot.sandbox.http.batches import INNER_FAULTS, take_inner_faults
from bot.sandbox.http.request_log import read_body_once
from tests.served import served
from tests.warm.short_pauses import SHORT_READ_PAUSE
from tests.workflows.deadlines import Deadlines
from tests.workflows.entra.simulated_tenant import CLIENT_ID, GUESTS_SECRET, SECRET, Graph, Handler, Seen
from workflows.entra import Entra, EntraSettings, Traffic, connect
from workflows.entra.transport import connection
from workflows.entra.transport.traffic.read_retries import ReadRetries


@pytest.fixture(autouse=True)
def _short_read_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send reads again soon where Graph names no time. How long the SDK waits is not the gateway's choice."""
    monkeypatch.setattr(ReadRetries, "_get_delay_time_exp_backoff", lambda *_: SHORT_READ_PAUSE)
    monkeypatch.setattr("workflows.entra.transport.traffic.lane.FIRST_PAUSE_SECONDS", SHORT_READ_PAUSE)


@pytest.fixture
def deadlines(monkeypatch: pytest.MonkeyPatch) -> Deadlines:
    """The deadlines of every call of the gateway."""
    deadlines = Deadlines()
    known = SimpleNamespace(**vars(asyncio) | {"timeout_at": deadlines.timeout_at})
    monkeypatch.setattr(connection, "asyncio", known)
    return deadlines


@pytest.fixture
def app_roles() -> list[str]:
    """The application permissions in the token of the bot's application."""
    return list(initial_state.APP_ROLES)


@pytest.fixture
async def authority(tmp_path: Path, app_roles: list[str]) -> AsyncIterator[TokenAuthority]:
    """The simulator's token endpoint."""
    for_guests = Application(
        client_id=seed.GUESTS_CLIENT_ID, client_secret=GUESTS_SECRET, roles=lambda: initial_state.GUESTS_APP_ROLES
    )
    authority = TokenAuthority(
        tenant_id=seed.HOME_TENANT_ID,
        client_id=CLIENT_ID,
        client_secret=SECRET,
        now=lambda: datetime.now(UTC),
        roles=lambda: app_roles,
        others=(for_guests,),
    )
    await authority.start(tmp_path)
    yield authority
    await authority.stop()


@pytest.fixture
async def graph(authority: TokenAuthority) -> AsyncIterator[Graph]:
    """The simulated tenant on a socket."""
    simulator = EntraSimulator(now=lambda: datetime.now(UTC), on_change=lambda: None, accepts_token=authority.accepts)
    graph = Graph(simulator)

    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        graph.seen.append(
            Seen(
                method=request.method,
                path=request.rel_url.raw_path.removeprefix("/graph/v1.0"),
                query=dict(request.query),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
            )
        )
        request[INNER_FAULTS] = take_inner_faults(graph.inner, request, await read_body_once(request))
        return await graph.faults.popleft()(request, handler) if graph.faults else await handler(request)

    application = web.Application(middlewares=[record])
    application.add_routes(simulator.routes())
    async with served(application) as address:
        graph.url = f"{address}/graph/v1.0"
        yield graph


@pytest.fixture
def environment(authority: TokenAuthority, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set the variables that azure-identity reads itself."""
    for name in list(os.environ):
        if name.startswith(("AZURE_", "IDENTITY_", "MSI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_TENANT_ID", seed.HOME_TENANT_ID)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    return monkeypatch


@pytest.fixture
async def entra(graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch) -> AsyncIterator[Entra]:
    """The gateway, connected to the simulator through the same settings as to the real service.

    For its traffic, hours pass between two looks at the clock: what it waits for is tried in `traffic`.
    """
    settings = EntraSettings(graph_url=graph.url, authority_host=authority.url)
    entra = connect(settings, Traffic(count(0, 1000).__next__))
    yield entra
    await entra.close()
