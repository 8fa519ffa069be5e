"""The stand-in tenant on a socket, for many cases one after the other, read by the product's own adapter."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiohttp import web

from bot.sandbox.entra import EntraSimulator, TokenAuthority
from bot.sandbox.http.batches import INNER_FAULTS, take_inner_faults
from bot.sandbox.http.faults import Fault, Faults, answer_with_fault
from bot.sandbox.http.request_log import read_body_once
from tests.served import served
from tests.warm.short_pauses import SHORT_PAUSES
from tests.workflows.app.evidence.diagnosis.planted import Case, with_asked_application
from tests.workflows.app.evidence.diagnosis.recorded import Recorded
from tests.workflows.entra.conftest import app_roles, authority, environment
from tests.workflows.entra.simulated_tenant import Handler
from workflows.app.evidence.diagnosis.gathering import Diagnoser
from workflows.app.evidence.diagnosis.subject import parse_subject
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.policy.template import Template
from workflows.core.posture.diagnosis.steps import Diagnosis
from workflows.entra import Entra, EntraSettings
from workflows.entra.transport.connection import Connection
from workflows.entra.transport.opening import open_connection
from workflows.entra.transport.write_guard import write_guard

__all__ = ["app_roles", "authority", "environment"]


@dataclass
class MachineClock:
    """The time of this machine: the log is asked for the last days."""

    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC)


@dataclass
class AskedTenant:
    """Answers questions about cases. Nothing of a case is kept for the next one."""

    simulator: EntraSimulator
    connection: Connection
    faults: Faults = field(default_factory=Faults)
    templates: tuple[Template, ...] = tuple(load_catalog(SHIPPED).templates.values())
    completes_names: bool = True

    def entra(self) -> Entra:
        """Return the adapter, with nothing read yet."""
        return Entra(self.connection, pauses=SHORT_PAUSES)

    async def diagnosed(
        self, case: Case, unread: frozenset[str] = frozenset(), *, entra: Entra | None = None
    ) -> Diagnosis:
        """Diagnose a case while some reads are refused.

        :param entra: the adapter of an earlier question; None: a new one.
        """
        self.simulator.restore(with_asked_application(case))
        self.faults.clear()
        for source in sorted(unread):
            self.faults.add(Fault(target="graph", match=source, times=100, status=403))
        diagnoser = Diagnoser(
            tenant=entra or self.entra(),
            records=Recorded(partnerships=case.records),
            clock=MachineClock(),
            templates=self.templates,
            completes_names=self.completes_names,
        )
        return await diagnoser.diagnose(parse_subject(case.subject), case.application)


@pytest.fixture
async def asked(authority: TokenAuthority, environment: pytest.MonkeyPatch) -> AsyncIterator[AskedTenant]:
    """The stand-in tenant, read over a socket."""
    simulator = EntraSimulator(now=lambda: datetime.now(UTC), on_change=lambda: None, accepts_token=authority.accepts)
    faults = Faults()

    @web.middleware
    async def with_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await read_body_once(request)
        fault = faults.take("graph", request, body)
        if fault is None:
            request[INNER_FAULTS] = take_inner_faults(faults, request, body)
        return await answer_with_fault(request, handler, fault)

    application = web.Application(middlewares=[with_faults])
    application.add_routes(simulator.routes())
    async with served(application) as address:
        connection = open_connection(
            EntraSettings(graph_url=f"{address}/graph/v1.0", authority_host=authority.url, pauses=SHORT_PAUSES),
            write_guard(f"{address}/graph/v1.0"),
        )
        yield AskedTenant(simulator, connection, faults)
        await connection.close()
