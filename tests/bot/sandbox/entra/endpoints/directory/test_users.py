"""Users, guests, invitations, groups, logs: what finding and changing them answers."""

from typing import Any

import pytest

from bot.sandbox import seed
from bot.sandbox.entra import EntraSimulator
from tests.bot.sandbox.entra.conftest import CONTOSO, PARTNERS, Graph
from tests.bot.sandbox.entra.endpoints.cross_tenant_access.test_partners import BLOCKED

ADVANCED = {"ConsistencyLevel": "eventual"}
ADMIN = "0a6f7d10-0005-4e1b-9b51-6d1f00000005"


async def _mails(graph: Graph, clause: str, *, advanced: bool = False) -> list[str]:
    query = {"$filter": clause, "$select": "mail"}
    if advanced:
        query["$count"] = "true"
    seen = await graph("GET", "/users", query=query, headers=ADVANCED if advanced else {})
    assert seen.status == 200, seen.text
    return sorted(row["mail"] for row in seen.json["value"])


@pytest.mark.parametrize(
    ("clause", "mails"),
    [
        ("mail eq 'admin@woodgrove.com'", ["admin@woodgrove.com"]),
        ("mail eq 'ADMIN@Woodgrove.com'", ["admin@woodgrove.com"]),
        ("mail eq 'o''brien@woodgrove.com'", []),
        (f"id eq '{ADMIN}'", ["admin@woodgrove.com"]),
        ("userPrincipalName eq 'maria_contoso.com#EXT#@woodgrove.onmicrosoft.com'", ["maria@contoso.com"]),
        ("startswith(displayName,'Maria') or startsWith(displayName, 'jon')", ["jon@contoso.com", "maria@contoso.com"]),
        ("userType eq 'Guest' and startswith(mail,'m')", ["maria@contoso.com"]),
        ("(userType eq 'Guest' and (startswith(mail,'m')))", ["maria@contoso.com"]),
        ("mail in ('admin@woodgrove.com', 'jon@contoso.com')", ["admin@woodgrove.com", "jon@contoso.com"]),
        ("mail eq 'admin@woodgrove.com' and accountEnabled eq false", []),
        ("mail eq 'admin@woodgrove.com' and accountEnabled eq true", ["admin@woodgrove.com"]),
        ("mail eq 'jon@contoso.com' and createdDateTime le 2026-01-01T00:00:00Z", ["jon@contoso.com"]),
        ("mail eq 'jon@contoso.com' and createdDateTime ge 2026-01-01", []),
        ("otherMails/any(x:x eq 'jon@contoso.com')", ["jon@contoso.com"]),
        (
            "identities/any(i:i/issuer eq 'woodgrove.onmicrosoft.com' and i/issuerAssignedId eq 'admin@woodgrove.com')",
            ["admin@woodgrove.com"],
        ),
        ("mail eq null", []),
    ],
)
async def test_filters(graph: Graph, clause: str, mails: list[str]) -> None:
    assert await _mails(graph, clause) == mails


async def test_some_filters_need_an_advanced_query(graph: Graph) -> None:
    for clause in ("endswith(mail,'@contoso.com')", "not(userType eq 'Member')", "userType ne 'Member'"):
        refused = await graph("GET", "/users", query={"$filter": clause})
        assert (refused.status, refused.code) == (400, "Request_UnsupportedQuery"), clause
    contoso = ["jon@contoso.com", "maria@contoso.com"]
    assert await _mails(graph, "endsWith(mail,'@contoso.com')", advanced=True) == contoso
    clause = "not(startswith(mail,'jon')) and endswith(mail,'contoso.com')"
    assert await _mails(graph, clause, advanced=True) == contoso[1:]


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        ("shoeSize eq 43", "Request_UnsupportedQuery"),
        ("Mail eq 'x'", "Request_UnsupportedQuery"),
        ("mail gt 'x'", "Request_UnsupportedQuery"),
        ("contains(mail,'x')", "Request_UnsupportedQuery"),
        ("businessPhones/any(x:x eq 'y')", "Request_UnsupportedQuery"),
        ("mail eq", "BadRequest"),
        ("mail", "BadRequest"),
        ("", "BadRequest"),
        ("mail eq 'x", "BadRequest"),
        ("mail eq x", "BadRequest"),
        ("mail is 'x'", "BadRequest"),
        ("mail eq 'x' mail eq 'y'", "BadRequest"),
        ("(mail eq 'x'", "BadRequest"),
        ("length(mail) eq 3", "BadRequest"),
        ("startswith(mail,3)", "BadRequest"),
        ("createdDateTime ge 2026-99-99", "BadRequest"),
        ("(" * 200 + "mail eq 'x'" + ")" * 200, "BadRequest"),
        ("mail eq 'x' ; drop", "BadRequest"),
    ],
)
async def test_filters_refused(graph: Graph, clause: str, code: str) -> None:
    seen = await graph("GET", "/users", query={"$filter": clause})
    assert (seen.status, seen.code) == (400, code), seen.text


async def test_without_select_a_user_says_neither_type_nor_state(graph: Graph) -> None:
    user = (await graph("GET", f"/users/{ADMIN}")).json
    assert user["userPrincipalName"] == "admin@woodgrove.com"
    assert "accountEnabled" not in user
    chosen = (await graph("GET", "/users/ADMIN@woodgrove.com", query={"$select": "id,accountEnabled,userType"})).json
    chosen.pop("@odata.context")
    assert chosen == {"id": ADMIN, "accountEnabled": True, "userType": "Member"}
    assert (await graph("GET", "/users", query={"$select": "shoeSize"})).status == 400
    guest = "maria_contoso.com%23EXT%23@woodgrove.onmicrosoft.com"
    assert (await graph("GET", f"/users/{guest}", described=False)).json["mail"] == "maria@contoso.com"
    assert (await graph("GET", "/users/nobody@woodgrove.com")).code == "Request_ResourceNotFound"


async def test_everybody_at_the_start_is_there(graph: Graph) -> None:
    expected = {person.entra_id: person.user_type for person in seed.PEOPLE if person.entra_id}
    rows = (await graph("GET", "/users", query={"$select": "id,userType,accountEnabled,mail"})).json["value"]
    found = {row["id"]: row["userType"] for row in rows}
    assert expected.items() <= found.items()
    assert {row["mail"] for row in rows if row["mail"].endswith("contoso.com")} == {
        "maria@contoso.com",
        "jon@contoso.com",
    }


async def test_disable_delete_restore(graph: Graph, simulator: EntraSimulator) -> None:
    path = f"/users/{ADMIN}"
    assert (await graph("PATCH", path, body={"accountEnabled": False})).status == 204
    assert simulator.state()["users"][ADMIN]["accountEnabled"] is False
    assert (await graph("DELETE", path)).status == 204
    assert (await graph("GET", path)).status == 404
    deleted = (await graph("GET", "/directory/deletedItems/microsoft.graph.user", described=False)).json["value"]
    assert [row["id"] for row in deleted] == [ADMIN]
    assert (await graph("POST", f"/directory/deletedItems/{ADMIN}/restore")).json["id"] == ADMIN
    assert (await graph("GET", path)).status == 200
    await graph("DELETE", path)
    assert (await graph("DELETE", f"/directory/deletedItems/{ADMIN}")).status == 204
    assert (await graph("POST", f"/directory/deletedItems/{ADMIN}/restore")).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"id": "x"},
        {"accountEnabled": "no"},
        {"accountEnabled": None},
        {"AccountEnabled": False},
        {"userType": "guest"},
        {"userPrincipalName": "requester@woodgrove.com"},
        {"userPrincipalName": ""},
    ],
)
async def test_user_changes_refused(graph: Graph, body: dict[str, Any]) -> None:
    assert (await graph("PATCH", f"/users/{ADMIN}", body=body)).status == 400


async def test_revoking_sessions_does_nothing_to_a_guest_and_says_yes_all_the_same(
    graph: Graph, simulator: EntraSimulator
) -> None:
    before = simulator.state()["users"]
    guest = next(user for user in before.values() if user["mail"] == "maria@contoso.com")
    assert (await graph("POST", f"/users/{guest['id']}/revokeSignInSessions")).json["value"] is True
    assert simulator.state()["users"] == before
    assert (await graph("POST", f"/users/{ADMIN}/revokeSignInSessions")).status == 200
    assert simulator.state()["users"][ADMIN]["signInSessionsValidFromDateTime"].startswith("2026-11-20")


def _invitation(mail: str, **more: Any) -> dict[str, Any]:
    return {"invitedUserEmailAddress": mail, "inviteRedirectUrl": "https://example.com", **more}


async def test_inviting_makes_a_guest_once(graph: Graph) -> None:
    first = (await graph("POST", "/invitations", body=_invitation("ana@litware.com"))).json
    again = (await graph("POST", "/invitations", body=_invitation("ana@litware.com"))).json
    assert first["status"] == "PendingAcceptance"
    assert first["invitedUser"]["id"] == again["invitedUser"]["id"]
    guest = (await graph("GET", f"/users/{first['invitedUser']['id']}", query={"$select": "userType,mail"})).json
    assert (guest["userType"], guest["mail"]) == ("Guest", "ana@litware.com")


@pytest.mark.parametrize(
    "body",
    [
        {"invitedUserEmailAddress": "ana@litware.com"},
        _invitation(""),
        _invitation("not an address"),
        _invitation("admin@woodgrove.com"),
        _invitation("ana@litware.com", status="Completed"),
        {"invitedUserEmailAddress": "ana@litware.com", "inviteRedirectUrl": "javascript:1"},
    ],
)
async def test_invitations_refused(graph: Graph, body: dict[str, Any]) -> None:
    assert (await graph("POST", "/invitations", body=body)).status == 400


async def test_a_cross_tenant_block_stops_invitations(graph: Graph) -> None:
    await graph("POST", PARTNERS, body={"tenantId": CONTOSO, "b2bCollaborationInbound": BLOCKED})
    refused = await graph("POST", "/invitations", body=_invitation("new@contoso.com"))
    assert refused.status == 400
    assert "cross-tenant access" in refused.message
    assert (await graph("POST", "/invitations", body=_invitation("new@fabrikam.com"))).status == 201


async def test_groups_contain_the_people_of_the_slack_groups(graph: Graph) -> None:
    groups = (await graph("GET", "/groups", query={"$filter": "displayName eq 'Partner data owners'"})).json["value"]
    members = (await graph("GET", f"/groups/{groups[0]['id']}/members")).json["value"]
    assert [row["mail"] for row in members] == ["approver2@woodgrove.com", "approver3@woodgrove.com"]
    assert {row["@odata.type"] for row in members} == {"#microsoft.graph.user"}
    path = f"/groups/{groups[0]['id']}/members"
    reference = {"@odata.id": f"{graph.base}/directoryObjects/{ADMIN}"}
    assert (await graph("POST", f"{path}/$ref", body=reference)).status == 204
    assert (await graph("POST", f"{path}/$ref", body=reference)).status == 400
    assert (await graph("DELETE", f"{path}/{ADMIN}/$ref")).status == 204
    assert (await graph("DELETE", f"{path}/{ADMIN}/$ref")).status == 404


async def test_sign_ins_are_found_by_home_tenant_and_time(graph: Graph) -> None:
    clause = f"homeTenantId eq '{CONTOSO}' and createdDateTime ge 2026-11-01T00:00:00Z"
    query = {"$filter": clause, "$top": "1"}
    first = (await graph("GET", "/auditLogs/signIns", query=query)).json
    assert [row["userPrincipalName"] for row in first["value"]] == ["maria@contoso.com"]
    second = await graph("GET", first["@odata.nextLink"].removeprefix(graph.base), described=False)
    assert [row["userPrincipalName"] for row in second.json["value"]] == ["jon@contoso.com"]
    assert "@odata.nextLink" not in second.json
    late = {"$filter": f"homeTenantId eq '{CONTOSO}' and createdDateTime gt 2026-11-20T00:00:00Z"}
    assert (await graph("GET", "/auditLogs/signIns", query=late)).json["value"] == []


async def test_the_audit_log_distinguishes_our_writes_from_portal_edits(
    graph: Graph, simulator: EntraSimulator
) -> None:
    await graph("POST", PARTNERS, body={"tenantId": CONTOSO})
    simulator.merge({"partners": {CONTOSO: {"inboundTrust": {"isMfaAccepted": True}}}})
    query = {"$filter": "category eq 'CrossTenantAccessSettings'"}
    update, add = (await graph("GET", "/auditLogs/directoryAudits", query=query)).json["value"]
    assert add["activityDisplayName"] == "Add a partner to cross-tenant access setting"
    assert add["initiatedBy"]["user"] is None
    assert update["activityDisplayName"] == "Update a partner cross-tenant access setting"
    assert update["initiatedBy"]["user"]["userPrincipalName"] == "admin@woodgrove.com"
    changed = {row["displayName"]: row["newValue"] for row in update["targetResources"][0]["modifiedProperties"]}
    assert changed["tenantId"] == f'"{CONTOSO}"'
    assert '"isMfaAccepted": true' in changed["inboundTrust"]


async def test_a_manager_is_a_relationship_with_an_address_of_its_own(graph: Graph, simulator: EntraSimulator) -> None:
    riley, bruno = (person.entra_id for person in (seed.PEOPLE[0], seed.PEOPLE[2]))
    query = {"$select": "id,accountEnabled,userType"}
    found = await graph("GET", f"/users/{riley}/manager", query=query, described=False)
    expected = {"@odata.type": "#microsoft.graph.user", "id": bruno, "accountEnabled": True, "userType": "Member"}
    assert {**found.json, **expected} == found.json
    assert "jobTitle" not in found.json
    assert "manager" not in (await graph("GET", f"/users/{riley}")).json
    simulator.merge({"users": {bruno: {"accountEnabled": False}}})
    left = await graph("GET", f"/users/{riley}/manager", query=query, described=False)
    assert left.json["accountEnabled"] is False
    nobody = await graph("GET", f"/users/{ADMIN}/manager", described=False)
    unknown = await graph("GET", f"/users/{CONTOSO}/manager", described=False)
    assert (nobody.status, unknown.status) == (404, 404)
    await graph("DELETE", f"/users/{bruno}")
    assert (await graph("GET", f"/users/{riley}/manager", described=False)).status == 404
