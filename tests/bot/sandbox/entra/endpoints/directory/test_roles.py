"""Directory roles, and which application may disable which account."""

from typing import Any

import pytest

from bot.sandbox import seed
from bot.sandbox.entra import EntraSimulator
from bot.sandbox.entra.tenant.directory_roles import GUEST_INVITER, assignment
from tests.bot.sandbox.entra.conftest import Graph

ROOT = "/roleManagement/directory"
GROUP = "0e000000-0000-4e1b-9b51-000000000001"
INNER = "0e000000-0000-4e1b-9b51-000000000002"
MINE = "RoleManagement.Read.Directory"
RILEY, AMARA, BRUNO, CHIE, DANA = (str(person.entra_id) for person in seed.PEOPLE[:5])
DISABLED = {"accountEnabled": False}


@pytest.fixture(autouse=True)
def _may_read_roles(simulator: EntraSimulator) -> None:
    simulator.merge({"appRoles": [*simulator.app_roles, MINE]})


async def test_a_row_with_what_it_is_about(graph: Graph, simulator: EntraSimulator) -> None:
    application = next(iter(simulator.state()["servicePrincipals"]))
    rows = {
        str(number): assignment(str(number), one, GUEST_INVITER)
        for number, one in enumerate((RILEY, GROUP, application, "gone"))
    }
    simulator.merge({"groups": {GROUP: {"displayName": "Inviters"}}, "roleEligibilitySchedules": rows})
    path = f"{ROOT}/roleEligibilitySchedules"
    found = (await graph("GET", path, query={"$expand": "principal"}, described=False)).json["value"]
    kinds = [row["principal"] and row["principal"]["@odata.type"].rpartition(".")[2] for row in found]
    assert kinds == ["user", "group", "servicePrincipal", None]
    assert found[1]["principal"]["displayName"] == "Inviters"
    plain = (await graph("GET", path, described=False)).json["value"]
    assert plain == list(rows.values())
    refused = await graph("GET", path, query={"$expand": "roleDefinition"}, described=False)
    assert refused.status == 400


@pytest.mark.parametrize("name", ["roleDefinitions", "roleAssignments"])
async def test_without_a_licence_these_are_answered(graph: Graph, simulator: EntraSimulator, name: str) -> None:
    simulator.merge({"hasPremiumLicence": False})
    assert (await graph("GET", f"{ROOT}/{name}", described=False)).status == 200


@pytest.mark.parametrize("name", ["roleAssignmentScheduleInstances", "roleEligibilitySchedules"])
async def test_without_a_licence_or_a_permission_these_are_not(
    graph: Graph, simulator: EntraSimulator, name: str
) -> None:
    simulator.merge({"hasPremiumLicence": False})
    seen = await graph("GET", f"{ROOT}/{name}", described=False)
    assert (seen.status, seen.code) == (400, "AadPremiumLicenseRequired")
    simulator.merge({"appRoles": ["User.Read.All"]})
    assert (await graph("GET", f"{ROOT}/{name}", described=False)).status == 403


async def test_members_of_inner_groups(graph: Graph, simulator: EntraSimulator) -> None:
    groups = {GROUP: {"members": [RILEY, INNER]}, INNER: {"members": [AMARA, GROUP, "gone"]}}
    simulator.merge({"groups": groups})
    found = (await graph("GET", f"/groups/{GROUP}/transitiveMembers", described=False)).json["value"]
    assert [row["id"] for row in found] == [RILEY, AMARA]
    direct = (await graph("GET", f"/groups/{GROUP}/members")).json["value"]
    assert [row["id"] for row in direct] == [RILEY]


@pytest.mark.parametrize(
    ("permissions", "body", "status"),
    [
        (["User.EnableDisableAccount.All", "User.Read.All"], DISABLED, 204),
        (["User.EnableDisableAccount.All", "Directory.Read.All"], DISABLED, 204),
        (["User.ReadWrite.All"], {**DISABLED, "jobTitle": "x"}, 204),
        (["User.EnableDisableAccount.All"], DISABLED, 403),
        (["User.EnableDisableAccount.All", "User.ReadBasic.All"], DISABLED, 403),
        (["User.EnableDisableAccount.All", "User.Read.All"], {**DISABLED, "jobTitle": "x"}, 403),
        (["User.EnableDisableAccount.All", "User.Read.All"], {"jobTitle": "x"}, 403),
        (["User.Read.All"], DISABLED, 403),
    ],
)
async def test_what_a_permission_covers(
    graph: Graph, simulator: EntraSimulator, permissions: list[str], body: dict[str, Any], status: int
) -> None:
    simulator.merge({"appRoles": permissions})
    assert (await graph("PATCH", f"/users/{DANA}", body=body)).status == status
    assert simulator.state()["users"][DANA]["accountEnabled"] is (status != 204)
    entries = [entry["activityDisplayName"] for entry in simulator.state()["directoryAudits"]]
    assert entries == (["Disable account"] if status == 204 else [])


async def test_no_application_disables_who_has_a_role(graph: Graph, simulator: EntraSimulator) -> None:
    """Who may only activate a role has none now. Other properties are not sensitive."""
    simulator.merge(
        {
            "groups": {GROUP: {"members": [AMARA]}},
            "roleAssignments": {"group": assignment("group", GROUP, GUEST_INVITER)},
            "roleAssignmentScheduleInstances": {"now": assignment("now", BRUNO, GUEST_INVITER)},
            "roleEligibilitySchedules": {"may": assignment("may", RILEY, GUEST_INVITER)},
        }
    )
    answers = {one: await graph("PATCH", f"/users/{one}", body=DISABLED) for one in (RILEY, AMARA, BRUNO, CHIE, DANA)}
    assert [one.status for one in answers.values()] == [204, 403, 403, 403, 204]
    assert answers[CHIE].code == "Authorization_RequestDenied"
    assert (await graph("PATCH", f"/users/{CHIE}", body={"jobTitle": "x"})).status == 204


async def test_the_same_state_again_is_no_event(graph: Graph, simulator: EntraSimulator) -> None:
    for _ in range(2):
        assert (await graph("PATCH", f"/users/{DANA}", body=DISABLED)).status == 204
    assert len(simulator.state()["directoryAudits"]) == 1


def test_the_application_for_guest_accounts_has_permissions_of_its_own(simulator: EntraSimulator) -> None:
    simulator.merge({"guestsAppRoles": ["User.Read.All"]})
    assert simulator.guests_app_roles == ("User.Read.All",)
    assert "Policy.Read.All" in simulator.app_roles
