"""Partners: what each call answers, and every refusal Microsoft's pages or the issue threads tell of."""

from typing import Any

import pytest

from bot.sandbox import seed
from bot.sandbox.entra import EntraSimulator
from tests.bot.sandbox.entra.conftest import CONTOSO, FABRIKAM, PARTNERS, Changes, Graph

ALL_USERS = {"target": "AllUsers", "targetType": "user"}
ALL_APPS = {"target": "AllApplications", "targetType": "application"}
OFFICE = {"target": "Office365", "targetType": "application"}
SOMEBODY = {"target": "4f6e3c1a-0000-4000-8000-000000000001", "targetType": "user"}
A_GROUP = {"target": "4f6e3c1a-0000-4000-8000-000000000002", "targetType": "group"}
AN_APP = {"target": "4f6e3c1a-0000-4000-8000-000000000003", "targetType": "application"}


def target_list(access: str, *targets: dict[str, str]) -> dict[str, Any]:
    return {"accessType": access, "targets": list(targets)}


def setting(users: dict[str, Any] | None, apps: dict[str, Any] | None) -> dict[str, Any]:
    return {"usersAndGroups": users, "applications": apps}


BLOCKED = setting(target_list("blocked", ALL_USERS), target_list("blocked", ALL_APPS))
OFFICE_FOR_ALL = setting(target_list("allowed", ALL_USERS), target_list("allowed", OFFICE))


async def test_a_tenant_id_alone_makes_a_partner_that_inherits_everything(graph: Graph, changes: Changes) -> None:
    seen = await graph("POST", PARTNERS, body={"tenantId": CONTOSO.upper()})
    assert seen.status == 201
    partner = seen.json
    assert partner.pop("@odata.context").startswith(f"{graph.base}/$metadata#")
    assert partner.pop("tenantId") == CONTOSO
    for name in ("automaticUserConsentSettings", "crossCloudMeetingConfiguration", "protectedContentSharing"):
        assert partner.pop(name) == {"inboundAllowed": None, "outboundAllowed": None}
    assert partner.pop("isInMultiTenantOrganization") is False
    assert set(partner.values()) == {None}
    assert changes.count == 1


async def test_patch_touches_only_what_it_names_and_null_means_inherit(graph: Graph) -> None:
    await graph("POST", PARTNERS, body={"tenantId": CONTOSO, "inboundTrust": {"isMfaAccepted": True}})
    one = f"{PARTNERS}/{CONTOSO}"
    patched = await graph("PATCH", one, body={"b2bCollaborationInbound": OFFICE_FOR_ALL})
    assert (patched.status, patched.text) == (204, "")
    partner = (await graph("GET", one)).json
    assert partner["b2bCollaborationInbound"] == OFFICE_FOR_ALL
    assert partner["inboundTrust"] == {
        "isMfaAccepted": True,
        "isCompliantDeviceAccepted": None,
        "isHybridAzureADJoinedDeviceAccepted": None,
    }
    body = {"inboundTrust": None, "automaticUserConsentSettings": None}
    assert (await graph("PATCH", one, body=body)).status == 204
    partner = (await graph("GET", one)).json
    assert partner["inboundTrust"] is None
    assert partner["automaticUserConsentSettings"] == {"inboundAllowed": None, "outboundAllowed": None}
    assert partner["b2bCollaborationInbound"] == OFFICE_FOR_ALL


async def test_patch_of_one_list_keeps_the_other(graph: Graph) -> None:
    await graph("POST", PARTNERS, body={"tenantId": CONTOSO, "b2bCollaborationInbound": OFFICE_FOR_ALL})
    half_only = {"b2bCollaborationInbound": {"usersAndGroups": target_list("allowed", A_GROUP)}}
    assert (await graph("PATCH", f"{PARTNERS}/{CONTOSO}", body=half_only)).status == 204
    partner = (await graph("GET", f"{PARTNERS}/{CONTOSO}")).json
    assert partner["b2bCollaborationInbound"] == setting(
        target_list("allowed", A_GROUP), target_list("allowed", OFFICE)
    )


@pytest.mark.parametrize(
    "value",
    [
        BLOCKED,
        OFFICE_FOR_ALL,
        setting(target_list("allowed", SOMEBODY, A_GROUP), target_list("allowed", AN_APP, OFFICE)),
        setting(target_list("blocked", A_GROUP), target_list("allowed", AN_APP)),
        setting(target_list("blocked", A_GROUP), target_list("blocked", AN_APP)),
        setting(target_list("allowed", ALL_USERS), target_list("blocked", AN_APP)),
    ],
)
@pytest.mark.parametrize("name", ["b2bCollaborationInbound", "b2bDirectConnectOutbound", "tenantRestrictions"])
async def test_settings_that_are_consistent_are_accepted(graph: Graph, name: str, value: dict[str, Any]) -> None:
    assert (await graph("POST", PARTNERS, body={"tenantId": CONTOSO, name: value})).status == 201
    stored = (await graph("GET", f"{PARTNERS}/{CONTOSO}")).json[name]
    assert {**stored, **value} == stored


REFUSED_BODIES: list[tuple[str, dict[str, Any], str]] = [
    ("mis-cased", {"b2BCollaborationInbound": None}, "Invalid property 'b2BCollaborationInbound'."),
    ("mis-cased again", {"b2BDirectConnectInbound": BLOCKED}, "Invalid property 'b2BDirectConnectInbound'."),
    ("snake case", {"inbound_trust": None}, "Invalid property 'inbound_trust'."),
    ("unknown inside", {"inboundTrust": {"isMfaTrusted": True}}, "Invalid property 'isMfaTrusted'."),
    ("undeclared and not held", {"crossCloudSettings": {}}, "Invalid property 'crossCloudSettings'."),
    ("annotation of a whole GET", {"@odata.context": "x"}, "Invalid property '@odata.context'."),
    ("text for a flag", {"inboundTrust": {"isMfaAccepted": "true"}}, "isMfaAccepted"),
    ("number for a flag", {"inboundTrust": {"isMfaAccepted": 1}}, "isMfaAccepted"),
    ("list for a setting", {"b2bCollaborationInbound": []}, "b2bCollaborationInbound"),
    ("object for targets", {"b2bCollaborationInbound": {"applications": {"targets": {}}}}, "targets"),
    ("null targets", {"b2bCollaborationInbound": {"applications": {"targets": None}}}, "targets"),
    ("unknown access", {"b2bCollaborationInbound": setting(target_list("denied", ALL_USERS), None)}, "denied"),
    (
        "sentinel",
        {"b2bCollaborationInbound": setting(target_list("unknownFutureValue", ALL_USERS), None)},
        "unknownFuture",
    ),
    (
        "unknown kind",
        {"b2bCollaborationInbound": setting(target_list("allowed", {**ALL_USERS, "targetType": "x"}), None)},
        "x",
    ),
    (
        "all users as group",
        {
            "b2bCollaborationInbound": setting(
                target_list("allowed", {**ALL_USERS, "targetType": "group"}), target_list("allowed", OFFICE)
            )
        },
        "AllUsers",
    ),
    (
        "user among applications",
        {"b2bCollaborationInbound": setting(target_list("allowed", ALL_USERS), target_list("allowed", SOMEBODY))},
        "targetType 'user' does not fit",
    ),
    (
        "application among users",
        {"b2bCollaborationInbound": setting(target_list("allowed", AN_APP), target_list("allowed", OFFICE))},
        "targetType 'application' does not fit",
    ),
    (
        "no such suite",
        {
            "b2bCollaborationInbound": setting(
                target_list("allowed", ALL_USERS), target_list("allowed", {**OFFICE, "target": "All"})
            )
        },
        "'All' is not a valid target",
    ),
    (
        "a name for a user",
        {
            "b2bCollaborationInbound": setting(
                target_list("allowed", {**SOMEBODY, "target": "x@y.z"}), target_list("allowed", OFFICE)
            )
        },
        "not a valid target",
    ),
    (
        "everybody and somebody",
        {
            "b2bCollaborationInbound": setting(
                target_list("allowed", ALL_USERS, SOMEBODY), target_list("allowed", OFFICE)
            )
        },
        "cannot be combined",
    ),
    (
        "every app and one",
        {
            "b2bCollaborationInbound": setting(
                target_list("allowed", ALL_USERS), target_list("allowed", ALL_APPS, AN_APP)
            )
        },
        "cannot be combined",
    ),
    (
        "all users blocked, apps not",
        {"b2bCollaborationInbound": setting(target_list("blocked", ALL_USERS), target_list("allowed", OFFICE))},
        "all applications must be blocked",
    ),
    (
        "all apps blocked, users allowed",
        {"b2bCollaborationInbound": setting(target_list("allowed", ALL_USERS), target_list("blocked", ALL_APPS))},
        "at least one application must be allowed",
    ),
    (
        "all apps blocked, some users",
        {"b2bDirectConnectInbound": setting(target_list("blocked", A_GROUP), target_list("blocked", ALL_APPS))},
        "all users must be blocked",
    ),
    (
        "target_list a setting",
        {"b2bCollaborationInbound": {"usersAndGroups": target_list("allowed", ALL_USERS)}},
        "applications must",
    ),
    (
        "nobody",
        {"b2bCollaborationInbound": setting(target_list("allowed"), target_list("allowed", OFFICE))},
        "at least one target",
    ),
    (
        "no access type",
        {"b2bCollaborationInbound": setting({"targets": [ALL_USERS]}, target_list("allowed", OFFICE))},
        "accessType must be specified",
    ),
    (
        "no kind",
        {
            "b2bCollaborationInbound": setting(
                target_list("allowed", {"target": "AllUsers"}), target_list("allowed", OFFICE)
            )
        },
        "needs target and targetType",
    ),
    ("service provider", {"isServiceProvider": True}, "read-only"),
    ("multitenant organization", {"isInMultiTenantOrganization": True}, "read-only"),
    ("deep insert", {"identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}}}, "read-only"),
    ("devices", {"tenantRestrictions": {**BLOCKED, "devices": {"mode": "allowed", "rule": "x"}}}, "not supported"),
    ("m365 users", {"m365CollaborationInbound": {"users": target_list("allowed", AN_APP)}}, "does not fit"),
    ("m365 groups", {"m365CollaborationOutbound": {"usersAndGroups": target_list("allowed", AN_APP)}}, "does not fit"),
    ("app service", {"appServiceConnectInbound": {"applications": target_list("allowed", SOMEBODY)}}, "does not fit"),
]


@pytest.mark.parametrize(("body", "says"), [row[1:] for row in REFUSED_BODIES], ids=[row[0] for row in REFUSED_BODIES])
async def test_bodies_refused_on_create_and_on_update(
    graph: Graph, changes: Changes, body: dict[str, Any], says: str
) -> None:
    created = await graph("POST", PARTNERS, body={"tenantId": CONTOSO, **body})
    assert (created.status, created.code) == (400, "Request_BadRequest")
    assert says in created.message
    assert changes.count == 0
    await graph("POST", PARTNERS, body={"tenantId": CONTOSO})
    before = (await graph("GET", f"{PARTNERS}/{CONTOSO}")).json
    updated = await graph("PATCH", f"{PARTNERS}/{CONTOSO}", body=body)
    assert (updated.status, updated.code) == (400, "Request_BadRequest")
    assert says in updated.message
    assert (await graph("GET", f"{PARTNERS}/{CONTOSO}")).json == before
    assert changes.count == 1


ABSENT = f"{PARTNERS}/{FABRIKAM}"
PRESENT = f"{PARTNERS}/{CONTOSO}"
SYNC = {"userSyncInbound": {"isSyncAllowed": True}}
REFUSED_CALLS: list[tuple[str, str, str, Any, int, str]] = [
    ("no tenant id", "POST", PARTNERS, {}, 400, "Request_BadRequest"),
    ("null tenant id", "POST", PARTNERS, {"tenantId": None}, 400, "Request_BadRequest"),
    ("a domain as tenant id", "POST", PARTNERS, {"tenantId": "contoso.com"}, 400, "Request_BadRequest"),
    ("own tenant", "POST", PARTNERS, {"tenantId": seed.HOME_TENANT_ID}, 400, "Request_BadRequest"),
    ("there already", "POST", PARTNERS, {"tenantId": CONTOSO}, 409, "Request_MultipleObjectsWithSameKeyValue"),
    ("another key", "PATCH", PRESENT, {"tenantId": FABRIKAM}, 400, "Request_BadRequest"),
    ("update of nobody", "PATCH", ABSENT, {"inboundTrust": None}, 404, "Directory_ObjectNotFound"),
    ("read of nobody", "GET", ABSENT, None, 404, "Directory_ObjectNotFound"),
    ("delete of nobody", "DELETE", ABSENT, None, 404, "Directory_ObjectNotFound"),
    ("a domain as key", "GET", f"{PARTNERS}/contoso.com", None, 400, "Request_BadRequest"),
    ("read of no sync", "GET", f"{PRESENT}/identitySynchronization", None, 404, "Directory_ObjectNotFound"),
    ("update of no sync", "PATCH", f"{PRESENT}/identitySynchronization", SYNC, 404, "Directory_ObjectNotFound"),
    ("delete of no sync", "DELETE", f"{PRESENT}/identitySynchronization", None, 404, "Directory_ObjectNotFound"),
    ("sync of nobody", "PUT", f"{ABSENT}/identitySynchronization", SYNC, 404, "Directory_ObjectNotFound"),
    (
        "sync mis-cased",
        "PUT",
        f"{PRESENT}/identitySynchronization",
        {"usersyncinbound": None},
        400,
        "Request_BadRequest",
    ),
    ("sync of another", "PUT", f"{PRESENT}/identitySynchronization", {"tenantId": FABRIKAM}, 400, "Request_BadRequest"),
    ("put a partner", "PUT", PRESENT, {}, 405, "Request_BadRequest"),
    ("patch the list", "PATCH", PARTNERS, {}, 405, "Request_BadRequest"),
    ("unknown path", "GET", f"{PRESENT}/nonsense", None, 400, "BadRequest"),
    ("unknown root", "GET", "/nonsense", None, 400, "BadRequest"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [row[1:] for row in REFUSED_CALLS],
    ids=[row[0] for row in REFUSED_CALLS],
)
async def test_calls_refused(
    graph: Graph, changes: Changes, method: str, path: str, body: Any, status: int, code: str
) -> None:
    await graph("POST", PARTNERS, body={"tenantId": CONTOSO})
    described = status != 405 and "nonsense" not in path
    seen = await graph(method, path, body=body, described=described, headers={"client-request-id": "my-own-id"})
    assert (seen.status, seen.code) == (status, code)
    error = seen.json["error"]
    assert error["innerError"]["client-request-id"] == "my-own-id" == seen.headers["client-request-id"]
    assert error["innerError"]["request-id"] == seen.headers["request-id"]
    assert error["innerError"]["date"] == "2026-11-20T12:00:00"
    assert changes.count == 1


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b'"x"', b'{"tenantId": NaN}', b"\xff\xfe", b"[" * 100_000, b"null"],
    ids=["empty", "cut", "list", "text", "NaN", "not UTF-8", "deep", "null"],
)
async def test_bodies_that_are_no_json_object(graph: Graph, raw: bytes) -> None:
    seen = await graph("POST", PARTNERS, raw=raw, headers={"Content-Type": "application/json"}, described=False)
    assert (seen.status, seen.code) == (400, "BadRequest")


async def test_another_content_type_is_refused(graph: Graph) -> None:
    seen = await graph(
        "POST", PARTNERS, raw=b'{"tenantId": "x"}', headers={"Content-Type": "text/plain"}, described=False
    )
    assert seen.status == 400


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Basic a-token"])
async def test_no_token_no_answer(graph: Graph, header: str) -> None:
    seen = await graph("GET", PARTNERS, headers={"Authorization": header})
    assert (seen.status, seen.code) == (401, "InvalidAuthenticationToken")
    assert seen.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_permission_taken_away_answers_403(graph: Graph, simulator: EntraSimulator) -> None:
    simulator.merge({"appRoles": ["Policy.Read.All"]})
    assert (await graph("GET", PARTNERS)).status == 200
    seen = await graph("POST", PARTNERS, body={"tenantId": CONTOSO})
    assert (seen.status, seen.code) == (403, "Authorization_RequestDenied")
    path = "/tenantRelationships/findTenantInformationByDomainName(domainName='contoso.com')"
    assert (await graph("GET", path, described=False)).status == 403


async def test_delete_wants_synchronization_gone_first(graph: Graph) -> None:
    await graph("POST", PARTNERS, body={"tenantId": CONTOSO})
    sync = f"{PRESENT}/identitySynchronization"
    assert (await graph("PUT", sync, body={"displayName": "Contoso", **SYNC})).status == 204
    again = await graph("PUT", sync, body=SYNC)
    assert (again.status, again.code) == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert again.json["error"]["details"][0]["code"] == "ConflictingObjects"
    refused = await graph("DELETE", PRESENT)
    assert refused.status == 400
    assert "identitySynchronization" in refused.message
    assert (await graph("PATCH", sync, body={"userSyncInbound": {"isSyncAllowed": False}})).status == 204
    stored = (await graph("GET", sync)).json
    assert stored["displayName"] == "Contoso"
    assert stored["userSyncInbound"] == {"isSyncAllowed": False}
    assert "identitySynchronization" not in (await graph("GET", PRESENT)).json
    expanded = (await graph("GET", PRESENT, query={"$expand": "identitySynchronization"})).json
    assert expanded["identitySynchronization"]["userSyncInbound"] == {"isSyncAllowed": False}
    assert (await graph("DELETE", sync)).status == 204
    assert (await graph("DELETE", PRESENT)).status == 204
    assert (await graph("GET", PRESENT)).status == 404


async def test_a_service_provider_cannot_be_deleted(graph: Graph, simulator: EntraSimulator) -> None:
    simulator.merge({"partners": {CONTOSO: {"isServiceProvider": True}}})
    assert (await graph("DELETE", PRESENT)).status == 400
    assert (await graph("GET", f"{PRESENT}/serviceProviderConstraints")).status == 200


async def test_keys_in_parentheses_and_paths_in_any_case(graph: Graph) -> None:
    await graph("POST", PARTNERS, body={"tenantId": CONTOSO})
    for path in (f"{PARTNERS}('{CONTOSO}')", f"{PARTNERS.lower()}/{CONTOSO.upper()}"):
        assert (await graph("GET", path, described=False)).json["tenantId"] == CONTOSO


async def test_a_list_selects_expands_and_pages(graph: Graph, simulator: EntraSimulator) -> None:
    simulator.page_size = 2
    simulator.merge({"emptyPages": True})
    ids = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(5)]
    for tenant_id in ids:
        await graph("POST", PARTNERS, body={"tenantId": tenant_id})
    query = {"$select": "tenantId,inboundTrust", "$expand": "identitySynchronization", "$count": "true"}
    first = (await graph("GET", PARTNERS, query=query)).json
    assert first["value"] == []
    assert first["@odata.count"] == 5
    found, link = [], first["@odata.nextLink"]
    while link:
        assert link.startswith(graph.base + PARTNERS + "?")
        page = (await graph("GET", link.removeprefix(graph.base), described=False)).json
        assert len(page["value"]) <= 2
        found += page["value"]
        link = page.get("@odata.nextLink")
    assert [row["tenantId"] for row in found] == ids
    assert set(found[0]) == {
        "tenantId",
        "inboundTrust",
        "identitySynchronization",
        "identitySynchronization@odata.context",
    }
    assert (await graph("GET", f"{PARTNERS}/$count")).text == "5"


@pytest.mark.parametrize(
    "query",
    [
        {"$filter": "tenantId eq 'x'"},
        {"$orderby": "tenantId"},
        {"$select": "displayName"},
        {"$select": "TenantId"},
        {"$expand": "partners"},
        {"$top": "0"},
        {"$top": "1000"},
        {"$top": "many"},
        {"$top": "²"},
        {"$count": "maybe"},
        {"$skiptoken": "???"},
        {"$skiptoken": "e30="},
        {"$skiptoken": "W10="},
        {"$skiptoken": "eyJmcm9tIjotMX0="},
    ],
)
async def test_query_options_refused(graph: Graph, query: dict[str, str]) -> None:
    assert (await graph("GET", PARTNERS, query=query)).status == 400


async def test_a_query_option_twice_is_refused(graph: Graph) -> None:
    assert (await graph("GET", f"{PARTNERS}?$top=1&$top=2", described=False)).status == 400


async def test_reads_can_lag_behind_writes(graph: Graph, simulator: EntraSimulator) -> None:
    simulator.read_lag = 60
    assert (await graph("POST", PARTNERS, body={"tenantId": CONTOSO})).status == 201
    assert (await graph("GET", PRESENT)).status == 404
    assert (await graph("GET", PARTNERS)).json["value"] == []
    assert (await graph("PATCH", PRESENT, body={"inboundTrust": {"isMfaAccepted": True}})).status == 204
    assert (await graph("GET", PRESENT)).status == 404
    simulator.read_lag = 0
    assert (await graph("GET", PRESENT)).json["inboundTrust"]["isMfaAccepted"] is True
