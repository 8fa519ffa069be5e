"""Applications in use in the tenant: listed, by object id, by application id."""

import pytest

from bot.sandbox import seed
from bot.sandbox.entra import EntraSimulator
from bot.sandbox.entra.tenant.stable_ids import stable_id
from tests.bot.sandbox.entra.conftest import Graph

PORTAL = seed.APPLICATIONS[0]
OBJECT_ID = stable_id(f"service principal {PORTAL.app_id}")
NOBODY = "00000000-0000-4000-8000-000000000000"


async def test_they_are_found_by_application_id_in_any_case_and_by_object_id(graph: Graph) -> None:
    for path in (
        f"/servicePrincipals(appId='{PORTAL.app_id.upper()}')",
        f"/servicePrincipals/{OBJECT_ID}",
        f"/servicePrincipals('{OBJECT_ID}')",
    ):
        seen = await graph("GET", path, query={"$select": "id,appId,displayName"}, described=False)
        assert seen.status == 200, seen.text
        named = {name: value for name, value in seen.json.items() if "@" not in name}
        assert named == {"id": OBJECT_ID, "appId": PORTAL.app_id, "displayName": PORTAL.name}


async def test_they_are_listed_and_filtered(graph: Graph) -> None:
    everybody = await graph("GET", "/servicePrincipals", described=False)
    assert {row["appId"] for row in everybody.json["value"]} == {known.app_id for known in seed.APPLICATIONS}
    query = {"$filter": f"appId in ('{PORTAL.app_id}','{NOBODY}')"}
    some = await graph("GET", "/servicePrincipals", query=query, described=False)
    assert [row["displayName"] for row in some.json["value"]] == [PORTAL.name]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/servicePrincipals(appId='{NOBODY}')", 404),
        (f"/servicePrincipals/{PORTAL.app_id}", 404),
        (f"/servicePrincipals(id='{OBJECT_ID}')", 400),
        (f"/servicePrincipals/{OBJECT_ID}?$select=nothing", 400),
    ],
)
async def test_what_is_not_there_or_not_asked_well(graph: Graph, path: str, status: int) -> None:
    path, _, select = path.partition("?$select=")
    seen = await graph("GET", path, query={"$select": select} if select else None, described=False)
    assert seen.status == status


async def test_reading_them_takes_a_permission_and_one_can_be_added(graph: Graph, simulator: EntraSimulator) -> None:
    simulator.merge({"servicePrincipals": {NOBODY: {"displayName": "New", "appId": NOBODY}}})
    assert (await graph("GET", f"/servicePrincipals(appId='{NOBODY}')", described=False)).json["displayName"] == "New"
    simulator.merge({"appRoles": ["Policy.Read.All"]})
    assert (await graph("GET", "/servicePrincipals", described=False)).status == 403
