"""Microsoft 365 capabilities of a partner in the simulated tenant: documented types, trust, names, and the roll-out."""

from typing import Any

import pytest

from bot.sandbox.entra import EntraSimulator
from bot.sandbox.entra.odata.timestamps import stamp
from bot.sandbox.entra.tenant.initial_state import OPTIONAL_APP_ROLES
from bot.sandbox.entra.types.m365_capabilities import MIGRATION, TYPES
from bot.sandbox.page.tenant.settings_table import settings_of
from tests.bot.sandbox.entra.conftest import CONTOSO, FABRIKAM, NOW, PARTNERS, Graph, Seen

OWN = f"{PARTNERS}/{CONTOSO}/m365Capabilities"
DEFAULT = "/policies/crossTenantAccessPolicy/default/m365Capabilities"
BASIC = "crossTenantCalendarAvailabilityBasic"
EVERYONE = {"included": [{"resourceId": "All", "resourceType": "user"}], "excluded": []}
TRUST = {"users": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}}
NO_TRUST = {"users": {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]}}


@pytest.fixture(autouse=True)
def _granted(simulator: EntraSimulator) -> None:
    """Grant the permission, and add a partner with the trust."""
    simulator.merge(
        {
            "appRoles": [*simulator.app_roles, *OPTIONAL_APP_ROLES],
            "partners": {CONTOSO: {"m365CollaborationInbound": TRUST}, FABRIKAM: {}},
        }
    )


def capability(name: str = BASIC, *, is_allowed: bool = True, **more: Any) -> dict[str, Any]:
    access = {"isAllowed": is_allowed, "resourceScopes": EVERYONE}
    return {"@odata.type": f"#microsoft.graph.{name}", "inboundAccess": access, **more}


async def names(graph: Graph, path: str = OWN) -> list[str]:
    return [row["name"] for row in (await graph("GET", path)).json["value"]]


async def test_nothing_is_allowed_at_the_start(graph: Graph) -> None:
    assert (await names(graph), await names(graph, DEFAULT)) == ([], [])


async def test_a_capability_is_named_by_its_type(graph: Graph) -> None:
    created = await graph("POST", OWN, body=capability())
    assert (created.status, created.json["name"]) == (201, BASIC)
    (row,) = (await graph("GET", OWN)).json["value"]
    assert row == {
        "@odata.type": f"#microsoft.graph.{BASIC}",
        "name": BASIC,
        "lastModifiedDateTime": stamp(NOW),
        "inboundAccess": {"isAllowed": True, "resourceScopes": EVERYONE},
    }
    assert (await graph("GET", f"{OWN}/{BASIC}")).json["inboundAccess"]["isAllowed"] is True


async def test_each_partner_has_one_of_a_name(graph: Graph) -> None:
    await graph("POST", OWN, body=capability())
    assert (await graph("POST", OWN, body=capability(name=BASIC))).status == 409
    assert await names(graph, f"{PARTNERS}/{FABRIKAM}/m365Capabilities") == []


async def test_a_change_keeps_what_it_does_not_name(graph: Graph) -> None:
    await graph("POST", OWN, body=capability())
    body = {"@odata.type": f"#microsoft.graph.{BASIC}", "inboundAccess": {"isAllowed": False}}
    assert (await graph("PATCH", f"{OWN}/{BASIC}", body=body)).status == 204
    assert (await graph("PATCH", f"{OWN}/{BASIC}", body=capability("crossTenantMailTipsAll"))).status == 400
    access = (await graph("GET", f"{OWN}/{BASIC}")).json["inboundAccess"]
    assert access == {"isAllowed": False, "resourceScopes": EVERYONE}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"inboundAccess": {"isAllowed": True}},
        {"@odata.type": "#microsoft.graph.m365CapabilityBase", "inboundAccess": {"isAllowed": True}},
        {"@odata.type": BASIC, "inboundAccess": {"isAllowed": True}},
        {"@odata.type": f"#microsoft.graph.{BASIC}"},
        {"@odata.type": f"#microsoft.graph.{BASIC}", "inboundAccess": {}},
        capability(lastModifiedDateTime="2026-01-01T00:00:00Z"),
        capability(surprise=True),
        capability() | {"name": "crossTenantMailTipsAll"},
        capability() | {"inboundAccess": {"isAllowed": "yes"}},
        capability() | {"inboundAccess": {"isAllowed": True, "resourceScopes": {"included": [{"resourceId": "x"}]}}},
        capability()
        | {
            "inboundAccess": {
                "isAllowed": True,
                "resourceScopes": {"included": [{"resourceType": "unknownFutureValue"}]},
            }
        },
    ],
)
async def test_bodies_that_are_refused(graph: Graph, body: dict[str, Any]) -> None:
    assert (await graph("POST", OWN, body=body)).status == 400
    assert await names(graph) == []


@pytest.mark.parametrize("name", [name for name in TYPES if name != MIGRATION])
async def test_each_needs_the_trust_for_collaboration(graph: Graph, simulator: EntraSimulator, name: str) -> None:
    assert (await graph("POST", OWN, body=capability(name))).status == 201
    simulator.merge({"partners": {CONTOSO: {"m365CollaborationInbound": NO_TRUST}}})
    blocked = await graph("PATCH", f"{OWN}/{name}", body=capability(name, is_allowed=False))
    allowed = await graph("PATCH", f"{OWN}/{name}", body=capability(name))
    assert (blocked.status, allowed.status) == (204, 400)
    assert "trust" in allowed.message
    path = f"{PARTNERS}/{FABRIKAM}/m365Capabilities"
    assert (await graph("POST", path, body=capability(name))).status == 400
    simulator.merge({"default": {"m365CollaborationInbound": TRUST}})
    assert (await graph("POST", path, body=capability(name))).status == 201


async def test_migration_needs_another_trust(graph: Graph, simulator: EntraSimulator) -> None:
    """Gatehouse never writes it. That the simulator would accept it shows that it was not sent."""
    assert "app service connect" in (await graph("POST", OWN, body=capability(MIGRATION))).message
    targets = [{"target": "AllApplications", "targetType": "application"}]
    trust = {"applications": {"accessType": "allowed", "targets": targets}}
    simulator.merge({"partners": {CONTOSO: {"appServiceConnectInbound": trust}}})
    assert (await graph("POST", OWN, body=capability(MIGRATION))).status == 201


@pytest.mark.parametrize("outlives", [True, False])
async def test_the_end_of_the_trust(graph: Graph, simulator: EntraSimulator, outlives: bool) -> None:
    """Microsoft does not say whether capabilities without their trust are still listed; both are possible."""
    simulator.merge({"capabilitiesOutliveTrust": outlives})
    await graph("POST", OWN, body=capability())
    assert (await graph("PATCH", f"{PARTNERS}/{CONTOSO}", body={"inboundTrust": None})).status == 204
    assert await names(graph) == [BASIC], "another change of the partner"
    await graph("PATCH", f"{PARTNERS}/{CONTOSO}", body={"m365CollaborationInbound": NO_TRUST})
    assert await names(graph) == ([BASIC] if outlives else [])


async def test_blocking_some_users_leaves_the_trust_for_the_others(graph: Graph, simulator: EntraSimulator) -> None:
    targets = [{"target": "0a6f7d10-0005-4e1b-9b51-6d1f00000005", "targetType": "user"}]
    some = {"users": {"accessType": "blocked", "targets": targets}}
    simulator.merge({"partners": {FABRIKAM: {"m365CollaborationInbound": some}}})
    assert (await graph("POST", f"{PARTNERS}/{FABRIKAM}/m365Capabilities", body=capability())).status == 201


async def test_a_tenant_without_them_yet(graph: Graph, simulator: EntraSimulator) -> None:
    simulator.merge({"hasM365Capabilities": False})
    answers: list[Seen] = [
        await graph("GET", OWN),
        await graph("POST", OWN, body=capability()),
        await graph("GET", DEFAULT),
        await graph("PATCH", f"{OWN}/{BASIC}", body=capability()),
    ]
    assert {(seen.status, seen.message) for seen in answers} == {
        (400, "Resource not found for the segment 'm365Capabilities'.")
    }
    assert (await graph("GET", f"{PARTNERS}/{CONTOSO}")).status == 200


async def test_the_permission(graph: Graph, simulator: EntraSimulator) -> None:
    simulator.merge({"appRoles": [role for role in simulator.app_roles if role not in OPTIONAL_APP_ROLES]})
    for seen in (await graph("GET", OWN), await graph("POST", OWN, body=capability()), await graph("GET", DEFAULT)):
        assert (seen.status, seen.code) == (403, "Authorization_RequestDenied")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{PARTNERS}/c0a1b2c3-9999-4aaa-8bbb-0123456789a9/m365Capabilities", 404),
        ("GET", f"{PARTNERS}/contoso.com/m365Capabilities", 400),
        ("GET", f"{OWN}/{BASIC}", 404),
        ("DELETE", f"{OWN}/{BASIC}", 404),
        ("POST", DEFAULT, 405),
    ],
)
async def test_what_is_not_there(graph: Graph, method: str, path: str, status: int) -> None:
    body = capability() if method == "POST" else None
    assert (await graph(method, path, body=body, described=status != 405)).status == status


async def test_a_capability_is_no_property_of_the_partner(graph: Graph) -> None:
    await graph("POST", OWN, body=capability())
    assert "m365Capabilities" not in (await graph("GET", f"{PARTNERS}/{CONTOSO}")).json
    assert all("m365Capabilities" not in row for row in (await graph("GET", PARTNERS)).json["value"])
    body = {"m365Capabilities": [capability()]}
    assert (await graph("PATCH", f"{PARTNERS}/{FABRIKAM}", body=body)).status == 400
    assert (await graph("DELETE", f"{OWN}/{BASIC}")).status == 204
    assert await names(graph) == []


async def test_a_change_from_outside(graph: Graph, simulator: EntraSimulator) -> None:
    """It is completed, shown at once, and without an audit entry: Microsoft names no activity for it."""
    before = len(simulator.state()["directoryAudits"])
    simulator.merge({"partners": {CONTOSO: {"m365Capabilities": {BASIC: {"inboundAccess": {"isAllowed": True}}}}}})
    (row,) = (await graph("GET", OWN)).json["value"]
    assert (row["name"], row["inboundAccess"]) == (BASIC, {"isAllowed": True, "resourceScopes": EVERYONE})
    (shown,) = (one for one in settings_of(simulator.state()["partners"][CONTOSO], {}) if one.label == BASIC)
    assert (shown.value, shown.detail, shown.tone) == ("Allowed", "everyone", "open")
    simulator.merge({"partners": {CONTOSO: {"m365Capabilities": {BASIC: None}}}})
    assert await names(graph) == []
    assert len(simulator.state()["directoryAudits"]) == before


@pytest.mark.parametrize("rows", [{"free": {"inboundAccess": {}}}, {BASIC: {}}, {BASIC: 1}])
def test_a_change_from_outside_that_makes_no_sense(simulator: EntraSimulator, rows: dict[str, Any]) -> None:
    before = simulator.state()
    with pytest.raises(ValueError, match="m365Capabilities"):
        simulator.merge({"partners": {CONTOSO: {"m365Capabilities": rows}}})
    assert simulator.state() == before


async def test_a_long_list_has_pages(graph: Graph, simulator: EntraSimulator) -> None:
    for name in TYPES[:3]:
        await graph("POST", OWN, body=capability(name))
    simulator.page_size = 2
    first = (await graph("GET", OWN)).json
    assert ([row["name"] for row in first["value"]], "@odata.nextLink" in first) == (list(TYPES[:2]), True)
