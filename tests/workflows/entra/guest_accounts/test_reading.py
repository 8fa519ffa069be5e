"""Accounts are read anew in groups, and what is not said is no answer."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.sandbox.http.faults import Fault
from tests.workflows.entra.guest_accounts.conftest import add_guests, guest
from tests.workflows.entra.simulated_tenant import Graph, answering
from workflows.core.plans.accounts import AccountState
from workflows.entra import GraphGuestAccounts
from workflows.ports.tenant import TenantRefused, TenantUnavailable


async def test_fifty_accounts_in_three_requests(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 50)
    found = await accounts.read([*people, guest(777)])
    assert list(found) == people
    assert [path for _, path in graph.calls] == ["/organization", *["/$batch"] * 3]


async def test_what_is_read_of_an_account(accounts: GraphGuestAccounts, graph: Graph) -> None:
    person, other = add_guests(graph, 2)
    changes: dict[str, Any] = {
        "accountEnabled": False,
        "onPremisesSyncEnabled": True,
        "userPrincipalName": "u#EXT#@woodgrove.com",
        "createdDateTime": "2026-02-03T04:05:06Z",
    }
    graph.simulator.merge({"users": {person: changes, other: {"userType": "Member", "displayName": None}}})
    found = await accounts.read([person, other])
    assert found[person] == AccountState(
        id=person,
        name="Guest 0",
        mail="guest0@contoso.com",
        principal_name="u#EXT#@woodgrove.com",
        user_type="guest",
        is_enabled=False,
        is_synchronized=True,
        created_at=datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
    )
    assert (found[other].user_type, found[other].is_synchronized, found[other].is_enabled) == ("member", False, True)


GOOD = {"id": guest(0), "accountEnabled": True, "onPremisesSyncEnabled": None, "userType": "Guest"}


@pytest.mark.parametrize(
    "row",
    [
        {},
        {**GOOD, "id": guest(1)},
        {**GOOD, "accountEnabled": None},
        {**GOOD, "accountEnabled": "true"},
        {**GOOD, "onPremisesSyncEnabled": "no"},
        {name: value for name, value in GOOD.items() if name != "onPremisesSyncEnabled"},
    ],
)
async def test_an_account_that_is_not_described_is_no_answer(
    accounts: GraphGuestAccounts, graph: Graph, row: dict[str, Any]
) -> None:
    people = add_guests(graph, 1)
    await accounts.read(people)
    graph.fail(answering(200, row))
    with pytest.raises(TenantUnavailable, match="unreadable_answer"):
        await accounts.read(people)


@pytest.mark.parametrize("created", [None, "yesterday", 7])
async def test_a_time_that_is_not_said(accounts: GraphGuestAccounts, graph: Graph, created: Any) -> None:
    people = add_guests(graph, 1)
    await accounts.read(people)
    graph.fail(answering(200, {**GOOD, "userType": None, "createdDateTime": created}))
    state = (await accounts.read(people))[people[0]]
    assert (state.created_at, state.user_type) == (None, "")


async def test_one_account_that_cannot_be_read_is_no_answer(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 2)
    graph.inner.add(Fault(target="graph", method="GET", match=people[1], status=403))
    with pytest.raises(TenantRefused) as refused:
        await accounts.read(people)
    assert refused.value.facts[0].values["permission"] == "User.Read.All"


async def test_a_name_is_no_id(accounts: GraphGuestAccounts, graph: Graph) -> None:
    with pytest.raises(ValueError, match="not object ids"):
        await accounts.read(["maria@contoso.com"])  # type: ignore[list-item]
    assert graph.seen == []
