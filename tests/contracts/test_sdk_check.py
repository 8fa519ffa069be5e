"""The check against Microsoft's SDK finds what the SDK lacks, and takes what it has."""

import json
import re
from importlib import import_module
from typing import Any, Final

import pytest

from tests.contracts.not_in_sdk import CALLS, MEMBERS, QUERY, REQUIRED, VALUES
from tests.contracts.sdk_check import request_problems, response_problems
from tests.contracts.sdk_source import members, model, operation, values

CONTOSO: Final = "c0a1b2c3-1111-4aaa-8bbb-0123456789a1"
POLICY: Final = "/policies/crossTenantAccessPolicy"
PARTNERS: Final = f"{POLICY}/partners"
ONE: Final = f"{PARTNERS}/{CONTOSO}"
EVALUATE: Final = "/identity/conditionalAccess/evaluate"
REPLICATION: Final = f"{POLICY}/templates/multiTenantOrganizationPartnerConfiguration"
TARGETS: Final = {"accessType": "blocked", "targets": [{"target": "AllUsers", "targetType": "user"}]}
PARTNER: Final = {
    "tenantId": CONTOSO,
    "inboundTrust": None,
    "b2bCollaborationInbound": {"usersAndGroups": TARGETS},
    "automaticUserConsentSettings": {"inboundAllowed": True},
}


def sent(method: str, path: str, body: Any) -> list[str]:
    return request_problems(method, path, {}, json.dumps(body).encode())


def answered(method: str, path: str, body: Any, status: int = 200) -> list[str]:
    return response_problems(method, path, status, json.dumps(body).encode() if body is not None else b"")


def with_targets(**changed: Any) -> dict[str, Any]:
    return {"b2bCollaborationInbound": {"usersAndGroups": {**TARGETS, **changed}}}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", PARTNERS, PARTNER),
        ("PATCH", ONE, with_targets()),
        ("PATCH", ONE, {"inboundTrust": {"isMfaAccepted": True}}),
        ("PATCH", f"{PARTNERS}('{CONTOSO}')", {"inboundTrust": None}),
        ("PUT", f"{ONE}/identitySynchronization", {"userSyncInbound": {"isSyncAllowed": True}}),
        ("PATCH", f"{ONE}/identitySynchronization", {"userSyncInbound": {"isSyncAllowed": False}}),
        ("PATCH", REPLICATION, {"templateApplicationLevel": "newPartners,existingPartners"}),
        ("POST", EVALUATE, {"signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "externalTenantId": "x"}}),
        ("POST", "/$batch", {"requests": []}),
    ],
)
def test_what_the_sdk_has_is_accepted(method: str, path: str, body: Any) -> None:
    assert sent(method, path, body) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "found"),
    [
        ("PATCH", ONE, {"inboundtrust": None}, "inboundtrust: .* no such member"),
        ("PATCH", ONE, {"inboundTrust": {"isMFAAccepted": True}}, r"inboundTrust\.isMFAAccepted: .* no such member"),
        ("PATCH", ONE, {"inboundTrust": {"isMfaAccepted": "yes"}}, "isMfaAccepted is no bool"),
        ("PATCH", ONE, {"inboundTrust": []}, "inboundTrust is no "),
        ("PATCH", ONE, with_targets(accessType="open"), "no value 'open'"),
        ("PATCH", ONE, with_targets(accessType="Blocked"), "no value 'Blocked'"),
        ("PATCH", ONE, with_targets(accessType="unknownFutureValue"), "no value 'unknownFutureValue'"),
        ("PATCH", ONE, with_targets(accessType="allowed,blocked"), "no value 'allowed,blocked'"),
        ("PATCH", ONE, with_targets(accessType=True), "accessType is no text"),
        ("PATCH", ONE, with_targets(targets={}), "targets is no list"),
        ("PATCH", ONE, with_targets(targets=[{"target": "x", "targetType": "role"}]), r"targets\[0\].*no value 'role'"),
        ("PATCH", ONE, {"tenantId": 1}, "tenantId is no str"),
        ("PATCH", ONE, {"nobody@odata.context": "x"}, "no such member"),
        ("PATCH", ONE, {"inboundTrust@odata.nonsense": "x"}, "no such annotation"),
        ("PATCH", ONE, [], "the body is no CrossTenantAccessPolicyConfigurationPartner"),
        ("PATCH", f"{ONE}/identitySynchronization", {"userSyncInBound": {}}, "no such member"),
        ("PATCH", REPLICATION, {"templateApplicationLevel": "newPartners,never"}, "no value 'never'"),
        ("POST", PARTNERS, {"inboundTrust": None}, "tenantId is missing"),
        ("POST", EVALUATE, {"signInIdentity": {"@odata.type": "#microsoft.graph.guestSignIn"}}, "which is no"),
        ("POST", EVALUATE, {"signInIdentity": {"externalTenantId": "x"}}, "externalTenantId: .* no such member"),
        ("POST", EVALUATE, {"signInConditions": {"clientAppType": "phone"}}, "no value 'phone'"),
        ("POST", f"{POLICY}/default/resetToSystemDefault", {"x": 1}, "a body where none is described"),
        ("DELETE", PARTNERS, {}, "no such call"),
        ("POST", f"{POLICY}/partner", {}, "no such call"),
    ],
)
def test_what_the_sdk_lacks_is_found(method: str, path: str, body: Any, found: str) -> None:
    [problem] = sent(method, path, body)
    assert re.search(found, problem)


def test_a_query_parameter_that_the_call_does_not_know_is_found() -> None:
    assert request_problems("GET", "/users", {"$filter": "x", "$skiptoken": "y"}, None) == []
    assert request_problems("GET", ONE, {"$filter": "x"}, None) == ["$filter: no such query parameter"]


def test_a_missing_body_is_found() -> None:
    assert request_problems("POST", PARTNERS, {}, None) == ["a body is missing"]


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", ONE, 200, {**PARTNER, "@odata.context": "x", "crossCloudMeetingConfiguration": {"any": 1}}),
        ("GET", PARTNERS, 200, {"value": [PARTNER], "@odata.nextLink": "x"}),
        ("GET", f"{PARTNERS}/$count", 200, 3),
        ("PATCH", ONE, 204, None),
        ("GET", ONE, 404, {"error": {"code": "x", "message": "y", "innerError": {"request-id": "z"}}}),
        ("POST", "/$batch", 200, {"responses": []}),
    ],
)
def test_an_answer_that_the_sdk_has_is_accepted(method: str, path: str, status: int, body: Any) -> None:
    assert answered(method, path, body, status) == []


@pytest.mark.parametrize(
    ("method", "path", "status", "body", "found"),
    [
        (
            "GET",
            ONE,
            200,
            {**PARTNER, "isOpen": True},
            "isOpen: .* no such member",
        ),
        ("GET", PARTNERS, 200, {"value": [with_targets(accessType="open")]}, r"value\[0\]\.b2b.*no value 'open'"),
        ("GET", PARTNERS, 200, {"values": []}, "values: .* no such member"),
        ("GET", f"{PARTNERS}/$count", 200, "3", "the body is no int"),
        ("GET", "/users", 200, {"value": [{"createdDateTime": "yesterday"}]}, "createdDateTime is no datetime"),
        ("GET", ONE, 200, None, "200 with 0 bytes"),
        ("GET", ONE, 204, None, "204 with 0 bytes"),
        ("PATCH", ONE, 204, PARTNER, "204 with"),
        ("DELETE", ONE, 200, PARTNER, "none is described"),
        ("GET", ONE, 404, {"message": "y"}, "message: ODataError has no such member"),
        ("GET", f"{POLICY}/partner", 200, {}, "no such call"),
    ],
)
def test_an_answer_that_the_sdk_lacks_is_found(method: str, path: str, status: int, body: Any, found: str) -> None:
    [problem] = answered(method, path, body, status)
    assert re.search(found, problem)


def test_what_is_said_to_be_missing_in_the_sdk_is_missing() -> None:
    """An exception that is no longer needed would hide a mistake."""
    partner = model("cross_tenant_access_policy_configuration_partner")
    for (name, member), reason in MEMBERS.items():
        assert name == partner.name
        assert member not in members(partner)
        assert reason
    for (method, path), instead in CALLS.items():
        assert operation(method, path.replace("{id}", CONTOSO)) is None
        assert instead.reason
    assert VALUES == {}
    assert all(QUERY.values())


def test_what_is_required_is_a_member() -> None:
    for (method, path), names in REQUIRED.items():
        known = operation(method, path)
        assert known is not None
        assert known.body is not None
        assert set(names) <= set(members(known.body))


class ReadAs:
    """Replaces the SDK's JSON reader, and records how each member is read."""

    def __getattr__(self, name: str) -> Any:
        return lambda *types: (name, *types)


@pytest.mark.parametrize(
    "name",
    [
        "cross_tenant_access_policy_configuration_partner",
        "cross_tenant_access_policy_target_configuration",
        "cross_tenant_access_policy_target",
        "cross_tenant_access_policy_inbound_trust",
        "sign_in_conditions",
    ],
)
def test_the_source_is_read_as_the_sdk_reads_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """These models are cheap to import: none descends from `Entity`."""
    read: list[Any] = []
    known = model(name)
    its_class = getattr(import_module(f"msgraph.generated.models.{name}"), known.name)
    readers = its_class().get_field_deserializers()
    monkeypatch.setattr(its_class, "__setattr__", lambda _, __, value: read.append(value))
    for reader in readers.values():
        reader(ReadAs())
    assert [*members(known)] == [*readers]
    for member, (way, *types) in zip(members(known).values(), read, strict=True):
        collection = "collection_of_" if member.is_list or member.has_flags else ""
        assert way.removesuffix("s") == f"get_{collection}{member.reader}_value"
        assert [one.__name__ for one in types] == ([member.type.name] if member.type else [])
        if member.type and member.reader == "enum":
            assert {one.value for one in types[0]} - {"unknownFutureValue"} == values(member.type)
