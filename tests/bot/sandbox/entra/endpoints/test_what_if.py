"""The simulator evaluates Conditional Access from its own policies, by Microsoft's description."""

from typing import Any, Final

import pytest

from bot.sandbox.entra import EntraSimulator
from tests.bot.sandbox.entra.conftest import CONTOSO, FABRIKAM, Graph

EVALUATE: Final = "/identity/conditionalAccess/evaluate"
EXCHANGE: Final = "00000002-0000-0ff1-ce00-000000000000"
GUEST: Final = {"externalUserType": "b2bCollaborationGuest", "externalTenantId": CONTOSO}


def question(
    identity: dict[str, Any] | None = None, applications: tuple[str, ...] = ("All",), **conditions: Any
) -> dict[str, Any]:
    """Ask about a sign-in."""
    return {
        "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", **(GUEST if identity is None else identity)},
        "signInContext": {
            "@odata.type": "#microsoft.graph.applicationContext",
            "includeApplications": list(applications),
        },
        "signInConditions": conditions,
    }


async def why(graph: Graph, simulator: EntraSimulator, changes: dict[str, Any], body: dict[str, Any]) -> str:
    """Put one policy in the place of all others, ask, and give the reason."""
    state = simulator.state()["conditionalAccessPolicies"]
    first = next(iter(state))
    policy = {**state[first], **changes, "conditions": {**state[first]["conditions"], **changes.get("conditions", {})}}
    simulator.merge({"conditionalAccessPolicies": dict.fromkeys(state)})
    simulator.merge({"conditionalAccessPolicies": {first: policy}})
    (row,) = (await graph("POST", EVALUATE, body=body)).json["value"]
    assert row["policyApplies"] is (row["analysisReasons"] == "notSet")
    return str(row["analysisReasons"])


def users(**rule: Any) -> dict[str, Any]:
    """Whom a policy means."""
    return {"conditions": {"users": {"includeUsers": [], **rule}}}


def external(kinds: str, *tenants: str) -> dict[str, Any]:
    """External people."""
    kind, members = ("enumerated", {"members": list(tenants)}) if tenants else ("all", {})
    which = {"@odata.type": f"#microsoft.graph.conditionalAccess{kind.title()}ExternalTenants", "membershipKind": kind}
    return {"guestOrExternalUserTypes": kinds, "externalTenants": {**which, **members}}


@pytest.mark.parametrize(
    ("policy", "body", "expected"),
    [
        ({}, question(), "notSet"),
        ({"state": "disabled"}, question(), "policyNotEnabled"),
        ({"state": "enabledForReportingButNotEnforced"}, question(), "notSet"),
        ({"grantControls": None}, question(), "emptyPolicy"),
        (users(includeUsers=["All"]), question(), "notSet"),
        (users(includeUsers=["None"]), question(), "users"),
        (users(includeGroups=["g"]), question(), "users"),
        (users(includeGuestsOrExternalUsers=external("b2bCollaborationMember")), question(), "users"),
        (users(includeGuestsOrExternalUsers=external("b2bCollaborationGuest", CONTOSO)), question(), "notSet"),
        (users(includeGuestsOrExternalUsers=external("b2bCollaborationGuest", FABRIKAM)), question(), "users"),
        (
            users(includeUsers=["All"], excludeGuestsOrExternalUsers=external("b2bCollaborationGuest")),
            question(),
            "users",
        ),
        ({"conditions": {"applications": {"includeApplications": ["Office365"]}}}, question(), "application"),
        (
            {"conditions": {"applications": {"includeApplications": ["Office365"]}}},
            question(applications=(EXCHANGE,)),
            "notSet",
        ),
        (
            {"conditions": {"applications": {"includeApplications": ["All"], "excludeApplications": ["Office365"]}}},
            question(applications=(EXCHANGE,)),
            "application",
        ),
        ({"conditions": {"clientAppTypes": ["browser"]}}, question(), "notSet"),
        (
            {"conditions": {"clientAppTypes": ["browser"]}},
            question(clientAppType="mobileAppsAndDesktopClients"),
            "clientApps",
        ),
        ({"conditions": {"signInRiskLevels": ["high"]}}, question(), "signInRisk"),
        ({"conditions": {"signInRiskLevels": ["high"]}}, question(signInRiskLevel="high"), "notSet"),
        ({"conditions": {"userRiskLevels": ["high"]}}, question(userRiskLevel="low"), "userRisk"),
        ({"conditions": {"platforms": {"includePlatforms": ["android"]}}}, question(), "notEnoughInformation"),
        (
            {"conditions": {"platforms": {"includePlatforms": ["android"]}}},
            question(devicePlatform="windows"),
            "devicePlatform",
        ),
        ({"conditions": {"platforms": {"includePlatforms": ["all"]}}}, question(), "notSet"),
        (
            {"conditions": {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}},
            question(),
            "notEnoughInformation",
        ),
        ({"conditions": {"devices": {"deviceFilter": {"mode": "include"}}}}, question(), "notEnoughInformation"),
        (
            {"conditions": {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}},
            question(),
            "authenticationFlow",
        ),
        ({"conditions": {"insiderRiskLevels": "elevated"}}, question(), "insiderRisk"),
    ],
)
async def test_why_a_policy_applies_or_not(
    graph: Graph, simulator: EntraSimulator, policy: dict[str, Any], body: dict[str, Any], expected: str
) -> None:
    assert await why(graph, simulator, policy, body) == expected


async def test_only_what_applies_is_answered_where_that_is_asked_for(graph: Graph) -> None:
    every = (await graph("POST", EVALUATE, body=question())).json["value"]
    applied = (await graph("POST", EVALUATE, body={**question(), "appliedPoliciesOnly": True})).json["value"]
    assert [row["displayName"] for row in applied] == ["Require MFA for guests"]
    assert len(every) > len(applied)


@pytest.mark.parametrize(
    "body",
    [
        {},
        question(identity={}),
        question(identity={"externalUserType": "nobody"}),
        question(clientAppType="carrierPigeon"),
        {**question(), "signInIdentity": {"externalUserType": "b2bCollaborationGuest"}},
        {**question(), "unknown": True},
    ],
)
async def test_what_is_not_described_is_refused(graph: Graph, body: dict[str, Any]) -> None:
    assert (await graph("POST", EVALUATE, body=body)).status == 400
