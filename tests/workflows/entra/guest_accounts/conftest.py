"""The gateway to guest accounts, connected to a simulated tenant and its token endpoint on real sockets."""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from bot.sandbox import seed
from bot.sandbox.entra import TokenAuthority
from tests.workflows.core.builders import NOW
from tests.workflows.entra.simulated_tenant import GUESTS_SECRET, Graph
from workflows.core.people import PersonId
from workflows.entra import ApplicationCredential, EntraSettings, GraphGuestAccounts, connect_guest_accounts

APPLICATION: Final = ApplicationCredential(client_id=seed.GUESTS_CLIENT_ID, client_secret=GUESTS_SECRET)


def guest(number: int) -> PersonId:
    """Return the id of one guest."""
    return PersonId(f"0c000000-0000-4e1b-9b51-{number:012d}")


def add_guests(graph: Graph, number: int) -> list[PersonId]:
    """Add guests to the tenant, and return their ids."""
    people = [guest(one) for one in range(number)]
    rows = {
        one: {"userType": "Guest", "mail": f"guest{number}@contoso.com", "displayName": f"Guest {number}"}
        for number, one in enumerate(people)
    }
    graph.simulator.merge({"users": rows})
    return people


@pytest.fixture
async def accounts(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> AsyncIterator[GraphGuestAccounts]:
    """The gateway to guest accounts, without any credential of the bot in the environment."""
    environment.delenv("AZURE_CLIENT_SECRET")
    settings = EntraSettings(
        graph_url=graph.url,
        authority_host=authority.url,
        tenant_id=seed.HOME_TENANT_ID,
        application=APPLICATION,
    )
    accounts = connect_guest_accounts(settings, lambda: NOW)
    yield accounts
    await accounts.close()
