"""Both gateways to a simulated tenant, which share their traffic and a clock that is moved by hand."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.sandbox import seed
from bot.sandbox.entra import TokenAuthority
from tests.workflows.core.builders import NOW
from tests.workflows.entra.guest_accounts.conftest import APPLICATION
from tests.workflows.entra.simulated_tenant import Graph
from workflows.entra import Entra, EntraSettings, GraphGuestAccounts, Traffic, connect, connect_guest_accounts


@dataclass(slots=True)
class Both:
    """Both gateways, and what they share."""

    graph: Graph
    entra: Entra
    accounts: GraphGuestAccounts
    traffic: Traffic
    seconds: list[float] = field(default_factory=lambda: [0.0])
    """The time; moved by hand."""

    def pass_time(self, seconds: float) -> None:
        """Move the clock of the traffic."""
        self.seconds[0] += seconds


@pytest.fixture
async def both(graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch) -> AsyncIterator[Both]:
    """Both gateways, connected to the same tenant."""
    seconds = [0.0]
    traffic = Traffic(lambda: seconds[0])
    usual = EntraSettings(graph_url=graph.url, authority_host=authority.url, tenant_id=seed.HOME_TENANT_ID)
    for_guests = EntraSettings(
        graph_url=graph.url, authority_host=authority.url, tenant_id=seed.HOME_TENANT_ID, application=APPLICATION
    )
    entra, accounts = connect(usual, traffic), connect_guest_accounts(for_guests, lambda: NOW, traffic)
    await entra.home()
    await accounts.read(())
    graph.seen.clear()
    yield Both(graph, entra, accounts, traffic, seconds)
    await entra.close()
    await accounts.close()
