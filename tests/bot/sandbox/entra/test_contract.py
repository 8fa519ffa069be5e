"""The simulator has every operation of Microsoft's description, and answers as described."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox import seed
from bot.sandbox.entra import EntraSimulator
from bot.sandbox.entra.endpoints.routing import match
from bot.sandbox.entra.endpoints.table import ENDPOINTS
from bot.sandbox.entra.odata.calls import Call
from bot.sandbox.entra.tenant.initial_state import OPTIONAL_APP_ROLES
from tests.bot.sandbox.entra.conftest import CONTOSO, PARTNERS, Graph
from tests.bot.sandbox.entra.contract import CONTRACT, operations
from tests.bot.sandbox.entra.endpoints.cross_tenant_access.test_partners import BLOCKED

POLICY = "/policies/crossTenantAccessPolicy"
SYNC = f"{PARTNERS}/{CONTOSO}/identitySynchronization"
CAPABILITIES = f"{PARTNERS}/{CONTOSO}/m365Capabilities"
MAIL_TIPS = "crossTenantMailTipsLimited"
ALLOWED = {"isAllowed": True, "resourceScopes": {"included": [{"resourceId": "All", "resourceType": "user"}]}}
ALL_USERS = {"users": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}}
TRUST = {"isMfaAccepted": True, "isCompliantDeviceAccepted": True, "isHybridAzureADJoinedDeviceAccepted": False}
MTO = f"{POLICY}/templates/multiTenantOrganizationPartnerConfiguration"
MTO_SYNC = f"{POLICY}/templates/multiTenantOrganizationIdentitySynchronization"
REVIEWS = "/identityGovernance/accessReviews/definitions"
ADMIN = "0a6f7d10-0005-4e1b-9b51-6d1f00000005"
RILEY = seed.PEOPLE[0].entra_id or ""
NOBODY = "00000000-0000-4000-8000-000000000000"

# (method, path, query or body, status); "<review>" and the like stand for ids that an earlier answer gave.
WHAT_IF: dict[str, Any] = {
    "signInIdentity": {
        "@odata.type": "#microsoft.graph.userSignIn",
        "externalTenantId": CONTOSO,
        "externalUserType": "b2bCollaborationGuest",
    },
    "signInContext": {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": ["Office365"]},
    "signInConditions": {"clientAppType": "browser", "signInRiskLevel": "none", "userRiskLevel": "none"},
}
TOUR: list[tuple[str, str, Any, int]] = [
    ("GET", POLICY, None, 200),
    ("PATCH", POLICY, {"allowedCloudEndpoints": ["microsoftonline.us"]}, 204),
    ("GET", f"{POLICY}/default", None, 200),
    ("PATCH", f"{POLICY}/default", {"inboundTrust": TRUST, "b2bCollaborationInbound": BLOCKED}, 204),
    ("POST", f"{POLICY}/default/resetToSystemDefault", None, 204),
    ("POST", PARTNERS, {"tenantId": CONTOSO, "inboundTrust": TRUST}, 201),
    ("GET", PARTNERS, None, 200),
    ("GET", f"{PARTNERS}/$count", None, 200),
    ("GET", f"{PARTNERS}/{CONTOSO}", None, 200),
    ("PATCH", f"{PARTNERS}/{CONTOSO}", {"b2bCollaborationInbound": BLOCKED, "inboundTrust": None}, 204),
    ("PUT", SYNC, {"userSyncInbound": {"isSyncAllowed": True}}, 204),
    ("GET", SYNC, None, 200),
    ("PATCH", SYNC, {"userSyncInbound": {"isSyncAllowed": False}}, 204),
    ("DELETE", SYNC, None, 204),
    ("GET", f"{PARTNERS}/{CONTOSO}/serviceProviderConstraints", None, 200),
    ("PATCH", f"{PARTNERS}/{CONTOSO}/serviceProviderConstraints", {}, 204),
    ("GET", f"{POLICY}/default/m365Capabilities", None, 200),
    ("PATCH", f"{PARTNERS}/{CONTOSO}", {"m365CollaborationInbound": ALL_USERS}, 204),
    ("POST", CAPABILITIES, {"@odata.type": f"#microsoft.graph.{MAIL_TIPS}", "inboundAccess": ALLOWED}, 201),
    ("GET", CAPABILITIES, None, 200),
    ("GET", f"{CAPABILITIES}/<capability>", None, 200),
    (
        "PATCH",
        f"{CAPABILITIES}/<capability>",
        {"@odata.type": f"#microsoft.graph.{MAIL_TIPS}", "inboundAccess": {"isAllowed": False}},
        204,
    ),
    ("DELETE", f"{CAPABILITIES}/<capability>", None, 204),
    ("DELETE", f"{PARTNERS}/{CONTOSO}", None, 204),
    ("GET", f"{POLICY}/templates", None, 200),
    ("GET", MTO, None, 200),
    ("PATCH", MTO, {"inboundTrust": TRUST, "templateApplicationLevel": "newPartners,existingPartners"}, 204),
    ("POST", f"{MTO}/resetToDefaultSettings", None, 204),
    ("GET", MTO_SYNC, None, 200),
    ("PATCH", MTO_SYNC, {"userSyncInbound": {"isSyncAllowed": True}}, 204),
    ("POST", f"{MTO_SYNC}/resetToDefaultSettings", None, 204),
    ("GET", "/tenantRelationships/findTenantInformationByDomainName(domainName='contoso.com')", None, 200),
    ("GET", f"/tenantRelationships/findTenantInformationByTenantId(tenantId='{CONTOSO}')", None, 200),
    (
        "POST",
        "/invitations",
        {"invitedUserEmailAddress": "new@litware.com", "inviteRedirectUrl": "https://myapps.microsoft.com"},
        201,
    ),
    ("GET", "/users", None, 200),
    ("GET", f"/users/{ADMIN}", None, 200),
    ("PATCH", f"/users/{ADMIN}", {"accountEnabled": False}, 204),
    ("POST", f"/users/{ADMIN}/revokeSignInSessions", None, 200),
    ("DELETE", f"/users/{ADMIN}", None, 204),
    ("GET", "/auditLogs/directoryAudits", None, 200),
    ("GET", "/auditLogs/directoryAudits/<audit>", None, 200),
    ("GET", "/auditLogs/signIns", None, 200),
    ("GET", "/auditLogs/signIns/<sign-in>", None, 200),
    ("GET", "/policies/authorizationPolicy", None, 200),
    ("PATCH", "/policies/authorizationPolicy", {"allowInvitesFrom": "none"}, 204),
    ("GET", "/identity/conditionalAccess/policies", None, 200),
    ("GET", "/identity/conditionalAccess/policies/<conditional access>", None, 200),
    ("POST", "/identity/conditionalAccess/evaluate", WHAT_IF, 200),
    ("GET", "/organization", None, 200),
    ("GET", "/directory/deletedItems/graph.user", None, 200),
    ("GET", "/directory/deletedItems/graph.group", None, 200),
    ("GET", f"/directory/deletedItems/{ADMIN}", None, 200),
    ("POST", f"/directory/deletedItems/{ADMIN}/restore", None, 200),
    ("DELETE", f"/directory/deletedItems/{NOBODY}", None, 404),
    ("GET", "/admin/sharepoint/settings", None, 200),
    ("PATCH", "/admin/sharepoint/settings", {"sharingCapability": "disabled"}, 200),
    ("GET", "/groups", None, 200),
    (
        "POST",
        "/groups",
        {"displayName": "Partners", "mailEnabled": False, "mailNickname": "partners", "securityEnabled": True},
        201,
    ),
    ("GET", "/groups/<group>", None, 200),
    ("PATCH", "/groups/<group>", {"description": "Who may meet partners"}, 204),
    (
        "POST",
        "/groups/<group>/members/$ref",
        {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{ADMIN}"},
        204,
    ),
    ("GET", "/groups/<group>/members", None, 200),
    ("DELETE", f"/groups/<group>/members/{ADMIN}/$ref", None, 204),
    ("DELETE", "/groups/<group>", None, 204),
    (
        "POST",
        REVIEWS,
        {"displayName": "Guests of Contoso", "scope": {"@odata.type": "#microsoft.graph.accessReviewScope"}},
        201,
    ),
    ("GET", REVIEWS, None, 200),
    ("GET", f"{REVIEWS}/<review>", None, 200),
    ("GET", f"{REVIEWS}/<review>/instances", None, 200),
    ("GET", f"{REVIEWS}/<review>/instances/{NOBODY}/decisions", None, 404),
    ("DELETE", f"{REVIEWS}/<review>", None, 204),
    ("POST", "/$batch", {"requests": [{"id": "1", "method": "GET", "url": "/organization"}]}, 200),
]


BEYOND: list[str] = [
    "/groups/<group>/transitiveMembers",
    "/groups/<group>/owners",
    "/servicePrincipals",
    "/servicePrincipals/<application>",
    f"/servicePrincipals(appId='{seed.APPLICATIONS[0].app_id}')",
    "/directory/deletedItems/microsoft.graph.user",
    "/directory/deletedItems/microsoft.graph.group",
    f"/users/{RILEY}/manager",
    "/roleManagement/directory/roleDefinitions",
    "/roleManagement/directory/roleAssignments",
    "/roleManagement/directory/roleAssignmentScheduleInstances",
    "/roleManagement/directory/roleEligibilitySchedules",
]
"""Reads that the description beside does not have, and the SDK has."""


async def test_every_operation_answers(graph: Graph, simulator: EntraSimulator) -> None:
    """Every body and answer is compared with Microsoft's SDK, and with Microsoft's description when it is present."""
    simulator.merge({"appRoles": [*simulator.app_roles, *OPTIONAL_APP_ROLES]})
    for method, path, body, status in TOUR:
        seen = await graph(method, _filled(path, simulator.state()), body=body)
        assert seen.status == status, (method, path, seen.text)
    simulator.merge({"appRoles": [*simulator.app_roles, "RoleManagement.Read.Directory"]})
    for path in BEYOND:
        seen = await graph("GET", _filled(path, simulator.state()), described=False)
        assert seen.status == 200, (path, seen.text)


def test_every_endpoint_of_the_simulator_is_tested() -> None:
    reached = set()
    for method, path in [*((method, path) for method, path, _, _ in TOUR), *(("GET", path) for path in BEYOND)]:
        if path != "/$batch":
            call = Call(method=method, segments=tuple(path.strip("/").split("/")), base="", path=path)
            endpoint, _ = match(ENDPOINTS, call)
            reached.add((endpoint.method, endpoint.template))
    assert {(one.method, one.template) for one in ENDPOINTS} - reached == set()


@pytest.mark.skipif(
    not CONTRACT.exists(),
    reason="../shared/contracts is not there, which lists Graph's operations; that the tour leaves no endpoint of the "
    "simulator out, and that Microsoft's SDK has each, holds in every clone",
)
def test_every_operation_is_tested() -> None:
    assert {(method, _template(path)) for method, path, _, _ in TOUR} == {
        (method, _template(path)) for method, path in operations()
    }


async def test_the_default_says_whether_it_was_touched(graph: Graph) -> None:
    path = f"{POLICY}/default"
    assert (await graph("GET", path)).json["isServiceDefault"] is True
    await graph("PATCH", path, body={"inboundTrust": {"isMfaAccepted": True}})
    touched = (await graph("GET", path)).json
    assert touched["isServiceDefault"] is False
    assert touched["inboundTrust"]["isMfaAccepted"] is True
    assert touched["inboundTrust"]["isCompliantDeviceAccepted"] is False
    await graph("POST", f"{path}/resetToSystemDefault")
    assert (await graph("GET", path)).json["isServiceDefault"] is True


@pytest.mark.parametrize(
    "body",
    [
        {"isServiceDefault": True},
        {"automaticUserConsentSettings": {"inboundAllowed": True}},
        {"inboundTrust": None},
        {"tenantId": CONTOSO},
        {
            "b2bCollaborationInbound": {
                "usersAndGroups": {"accessType": "allowed", "targets": [{"target": NOBODY, "targetType": "user"}]}
            }
        },
    ],
)
async def test_what_the_default_refuses(graph: Graph, body: dict[str, Any]) -> None:
    assert (await graph("PATCH", f"{POLICY}/default", body=body)).status == 400


@pytest.mark.parametrize(
    ("argument", "status"),
    [
        ("domainName='contoso.com'", 200),
        ("domainName=%27contoso.com%27", 200),
        ("domainName='CONTOSO.onmicrosoft.com'", 200),
        ("domainName='gmail.com'", 404),
        ("domainName='nobody.example'", 404),
        ("domainName=contoso.com", 400),
        ("domainName='contoso'", 400),
        ("domainName='o''brien.com'", 400),
        ("domainName='-bad-.com'", 400),
        ("domainName='a%2Fb.com'", 400),
        ("domainName='b%C3%BCcher.example'", 400),
        ("domainName=''", 400),
        ("tenantId='x'", 400),
    ],
)
async def test_finding_a_tenant_by_domain(graph: Graph, argument: str, status: int) -> None:
    path = f"/tenantRelationships/findTenantInformationByDomainName({argument})"
    assert (await graph("GET", path, described=False)).status == status


@pytest.mark.parametrize(("tenant_id", "status"), [(CONTOSO, 200), (CONTOSO.upper(), 200), (NOBODY, 404), ("x", 400)])
async def test_finding_a_tenant_by_id(graph: Graph, tenant_id: str, status: int) -> None:
    path = f"/tenantRelationships/findTenantInformationByTenantId(tenantId='{tenant_id}')"
    assert (await graph("GET", path)).status == status


@pytest.mark.parametrize("domain", ["outlook.com", "hotmail.com", "live.com"])
async def test_personal_accounts_live_in_one_tenant(graph: Graph, domain: str) -> None:
    path = f"/tenantRelationships/findTenantInformationByDomainName(domainName='{domain}')"
    assert (await graph("GET", path)).json["tenantId"] == "9188040d-6c67-4c5b-b112-36a304b66dad"


@pytest.mark.parametrize("known", seed.ORGANIZATIONS, ids=lambda known: known.domains[0])
async def test_every_organization_is_found(graph: Graph, known: seed.Organization) -> None:
    path = f"/tenantRelationships/findTenantInformationByDomainName(domainName='{known.domains[0]}')"
    found = (await graph("GET", path)).json
    assert (found["tenantId"], found["displayName"]) == (known.tenant_id, known.display_name)
    assert found["defaultDomainName"] == known.domains[0]


def _filled(path: str, state: dict[str, Any]) -> str:
    ids: dict[str, Callable[[], str]] = {
        "<audit>": lambda: str(state["directoryAudits"][0]["id"]),
        "<sign-in>": lambda: str(state["signIns"][0]["id"]),
        "<conditional access>": lambda: next(iter(state["conditionalAccessPolicies"])),
        "<group>": lambda: list(state["groups"])[-1],
        "<application>": lambda: next(iter(state["servicePrincipals"])),
        "<capability>": lambda: MAIL_TIPS,
        "<review>": lambda: next(iter(state["accessReviews"])),
    }
    for name, find in ids.items():
        if name in path:
            path = path.replace(name, find())
    return path


def _template(path: str) -> str:
    """Write every id or placeholder as `{}`."""
    guid = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    return re.sub(rf"{guid}|<[^>]+>|\{{[^}}]+\}}|(?<=Name=')[^']+", "{}", path)
