"""Managers of accounts: several in one batch, none is None, and what cannot be read is no answer."""

from typing import Any

import pytest

from bot.sandbox import seed
from tests.workflows.entra.simulated_tenant import GROUP, Graph, answering, refusing
from workflows.core.people import PersonId
from workflows.entra import Entra
from workflows.ports.tenant import TenantRefused, TenantUnavailable

RILEY, AMARA, BRUNO, CHIE, DANA = (PersonId(person.entra_id or "") for person in seed.PEOPLE[:5])
UNKNOWN = PersonId("0b000000-0009-4e1b-9b51-6d1f00000009")


async def test_several_managers_in_one_request(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"users": {DANA: {"accountEnabled": False}}})
    found = await entra.managers([RILEY, AMARA, CHIE, UNKNOWN, PersonId("gatehouse")])
    assert {
        person: manager and (manager.id, manager.is_enabled, manager.is_member) for person, manager in found.items()
    } == {
        RILEY: (BRUNO, True, True),
        AMARA: (DANA, False, True),
        CHIE: None,
        UNKNOWN: None,
        PersonId("gatehouse"): None,
    }
    assert graph.calls == [("POST", "/$batch")]


async def test_no_account_asks_nothing(entra: Entra, graph: Graph) -> None:
    assert await entra.managers([]) == {}
    assert graph.seen == []


@pytest.mark.parametrize(
    ("row", "is_manager"),
    [
        ({"@odata.type": "#microsoft.graph.user", "id": GROUP}, True),
        ({"@odata.type": "#microsoft.graph.orgContact", "id": GROUP}, False),
    ],
)
async def test_only_a_user_is_a_manager(entra: Entra, graph: Graph, row: dict[str, Any], is_manager: bool) -> None:
    graph.fail(answering(200, row))
    manager = (await entra.managers([RILEY]))[RILEY]
    assert (manager is not None) is is_manager
    if manager is not None:
        assert (manager.is_enabled, manager.is_member) == (False, False)


@pytest.mark.parametrize("row", [{}, {"id": GROUP}, {"@odata.type": "#microsoft.graph.user", "id": "bruno"}])
async def test_an_unreadable_manager_is_not_a_missing_one(entra: Entra, graph: Graph, row: dict[str, Any]) -> None:
    graph.fail(answering(200, row))
    with pytest.raises(TenantUnavailable, match="unreadable_answer"):
        await entra.managers([RILEY])


async def test_a_refused_read_is_not_a_missing_manager(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(403))
    with pytest.raises(TenantRefused):
        await entra.managers([RILEY])
    graph.fail(answering(404, "<html>no such page</html>"))
    with pytest.raises(TenantUnavailable):
        await entra.managers([RILEY])
