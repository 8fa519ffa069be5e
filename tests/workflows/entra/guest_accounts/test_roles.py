"""Directory roles: assigned, activated, eligible, directly and through groups; complete, or an error."""

from typing import Any, Final

import pytest

from bot.sandbox import seed
from bot.sandbox.entra.tenant.directory_roles import GLOBAL_ADMINISTRATOR, GUEST_INVITER, USER_ADMINISTRATOR, assignment
from bot.sandbox.http.faults import Fault
from tests.workflows.entra.guest_accounts.conftest import add_guests, guest
from tests.workflows.entra.simulated_tenant import Graph, refusing
from workflows.core.people import PersonId
from workflows.entra import GraphGuestAccounts
from workflows.ports.tenant import TenantRefused, TenantUnavailable

CHIE: Final = PersonId(next(str(person.entra_id) for person in seed.PEOPLE if person.handle == "approver3"))
OUTER: Final = "0e000000-0000-4e1b-9b51-000000000001"
INNER: Final = "0e000000-0000-4e1b-9b51-000000000002"
LISTS: Final = ("roleAssignments", "roleAssignmentScheduleInstances", "roleEligibilitySchedules")


async def names(accounts: GraphGuestAccounts) -> dict[PersonId, tuple[str, ...]]:
    """Return the names of everybody's roles."""
    return {person: one.names for person, one in (await accounts.roles()).items()}


async def test_the_roles_at_the_start(accounts: GraphGuestAccounts, graph: Graph) -> None:
    assert await names(accounts) == {CHIE: ("Global Administrator",)}
    assert [path for _, path in graph.calls] == ["/organization", "/$batch"]


@pytest.mark.parametrize("name", LISTS)
async def test_each_list_counts(accounts: GraphGuestAccounts, graph: Graph, name: str) -> None:
    person, _ = add_guests(graph, 2)
    graph.simulator.merge({name: {"one": assignment("one", person.upper(), GUEST_INVITER)}})
    assert await names(accounts) == {CHIE: ("Global Administrator",), person: ("Guest Inviter",)}


@pytest.mark.parametrize("name", LISTS)
async def test_members_of_a_group_with_a_role_have_it(accounts: GraphGuestAccounts, graph: Graph, name: str) -> None:
    person, inner, other = add_guests(graph, 3)
    graph.simulator.merge(
        {
            "groups": {OUTER: {"members": [person, INNER]}, INNER: {"members": [inner, OUTER]}},
            name: {
                "one": assignment("one", OUTER, USER_ADMINISTRATOR),
                "two": assignment("two", person, GUEST_INVITER),
            },
        }
    )
    found = await names(accounts)
    assert found[person] == ("Guest Inviter", "User Administrator")
    assert found[inner] == ("User Administrator",)
    assert other not in found


async def test_a_role_that_is_not_defined_is_named_by_its_id(accounts: GraphGuestAccounts, graph: Graph) -> None:
    (person,) = add_guests(graph, 1)
    graph.simulator.merge({"roleAssignments": {"one": assignment("one", person, "x-1")}})
    assert (await names(accounts))[person] == ("x-1",)


async def test_applications_and_deleted_holders_are_no_accounts(accounts: GraphGuestAccounts, graph: Graph) -> None:
    """A deleted one may be an account or a group: it is asked for as a group, and counts as an account."""
    application = next(iter(graph.simulator.state()["servicePrincipals"]))
    rows = {"one": assignment("one", application, GUEST_INVITER), "two": assignment("two", guest(9), GUEST_INVITER)}
    graph.simulator.merge({"roleAssignments": rows})
    assert set(await names(accounts)) == {CHIE, guest(9)}


async def test_every_page_of_every_list(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 12)
    rows = {str(one): assignment(str(one), person, GUEST_INVITER) for one, person in enumerate(people[:5])}
    graph.simulator.merge(
        {
            "pageSize": 2,
            "emptyPages": True,
            "groups": {OUTER: {"members": people[5:]}},
            "roleAssignments": rows,
            "roleEligibilitySchedules": {"group": assignment("group", OUTER, USER_ADMINISTRATOR)},
        }
    )
    assert set(await names(accounts)) == {CHIE, *people}


@pytest.mark.parametrize("name", [*LISTS, "roleDefinitions", "transitiveMembers"])
@pytest.mark.parametrize("status", [403, 500])
async def test_one_unreadable_list_is_no_answer(
    accounts: GraphGuestAccounts, graph: Graph, name: str, status: int
) -> None:
    (person,) = add_guests(graph, 1)
    graph.simulator.merge(
        {
            "groups": {OUTER: {"members": [person]}, INNER: {"members": []}},
            "roleAssignments": {
                "one": assignment("one", OUTER, GLOBAL_ADMINISTRATOR),
                "two": assignment("two", INNER, GLOBAL_ADMINISTRATOR),
            },
        }
    )
    graph.inner.add(Fault(target="graph", method="GET", match=name, status=status))
    with pytest.raises((TenantRefused, TenantUnavailable)) as caught:
        await accounts.roles()
    if isinstance(caught.value, TenantRefused):
        needed = "GroupMember.Read.All" if name == "transitiveMembers" else "RoleManagement.Read.Directory"
        assert caught.value.facts[0].values["permission"] == needed


async def test_one_unreadable_page_is_no_answer(accounts: GraphGuestAccounts, graph: Graph) -> None:
    people = add_guests(graph, 4)
    rows = {str(one): assignment(str(one), person, GUEST_INVITER) for one, person in enumerate(people)}
    graph.simulator.merge({"pageSize": 2, "roleAssignments": rows})
    await accounts.read(people[:1])

    async def through(request: Any, handler: Any) -> Any:
        return await handler(request)

    graph.fail(through, refusing(500))
    with pytest.raises(TenantUnavailable):
        await accounts.roles()


async def test_without_a_licence_for_it_nobody_is_eligible(accounts: GraphGuestAccounts, graph: Graph) -> None:
    graph.simulator.merge({"hasPremiumLicence": False})
    assert set(await names(accounts)) == {CHIE}


async def test_another_refusal_of_these_lists_is_no_answer(accounts: GraphGuestAccounts, graph: Graph) -> None:
    body = {"error": {"code": "BadRequest", "message": "The tenant needs to have a license.", "innerError": {}}}
    graph.inner.add(Fault(target="graph", match="roleEligibilitySchedules", status=400, body=body))
    with pytest.raises(TenantRefused):
        await accounts.roles()


async def test_a_holder_without_an_id_is_no_answer(accounts: GraphGuestAccounts, graph: Graph) -> None:
    graph.simulator.merge({"roleAssignments": {"one": {"id": "one", "roleDefinitionId": GUEST_INVITER}}})
    with pytest.raises(TenantUnavailable, match="unreadable_list"):
        await accounts.roles()


async def test_groups_of_accounts_share_one_answer(accounts: GraphGuestAccounts, graph: Graph) -> None:
    first = await accounts.roles()
    assert await accounts.roles() is first
    assert len(graph.calls) == 2
