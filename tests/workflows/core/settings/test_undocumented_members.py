"""Microsoft's SDK has every body that a plan writes, and so has Graph's description where it is present."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS30WriteValidator

from tests.contracts.sdk_check import request_problems
from tests.contracts.sdk_source import Name, members, model
from tests.workflows.core.builders import TENANT
from tests.workflows.core.strategies import PROPERTY, SETTINGS, partner_documents
from workflows.core.errors.raised import NothingToChange
from workflows.core.plans.plan import Operation
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.settings.model import Property, Setting
from workflows.core.settings.undocumented_members import undocumented_members, without_undocumented_members

CONTRACT = Path(__file__).parents[4].parent / "shared" / "contracts" / "graph-openapi.json"
ADDITIONS = CONTRACT.with_name("graph-openapi-additions.json")
KEY = "{crossTenantAccessPolicyConfigurationPartner-tenantId}"


@cache
def _descriptions() -> list[Any]:
    """Microsoft's description, and what was added to it for calls that it does not have yet."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in (CONTRACT, ADDITIONS)]


@cache
def _validator(method: str, path: str) -> OAS30WriteValidator:
    described = next(one for one in _descriptions() if path in one["paths"])
    schema = described["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    return OAS30WriteValidator({**schema, "components": described["components"]})


def problems(operation: Operation) -> list[str]:
    """List what the SDK, and the description where it is present, have against one write at its address."""
    content = json.dumps(operation.body).encode()
    known = request_problems(operation.method, operation.path, {}, content)
    return known + description_problems(operation) if CONTRACT.exists() else known


def description_problems(operation: Operation) -> list[str]:
    """List what the description alone has against it."""
    address, capabilities, name = operation.path.replace(TENANT, KEY).partition(f"/{Property.M365_CAPABILITIES}")
    validator = _validator(operation.method, f"{address}{capabilities}{'/{m365CapabilityBase-name}' if name else ''}")
    body = json.loads(json.dumps(operation.body))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]


BEFORE = st.one_of(st.none(), partner_documents(TENANT))


@settings(PROPERTY, max_examples=60)
@given(BEFORE, SETTINGS)
def test_access_in_any_form(before: dict[str, Any] | None, wanted: Mapping[Property, Setting]) -> None:
    try:
        plan = plan_access(
            tenant_id=TENANT,
            before=before,
            settings=wanted,
            template="any",
            template_hash="hash",
            duration=timedelta(days=1),
        )
    except NothingToChange:
        return
    assert [problems(operation) for operation in plan.operations] == [[] for _ in plan.operations]


@settings(PROPERTY, max_examples=30)
@given(BEFORE)
def test_revocation_of_anything(before: dict[str, Any] | None) -> None:
    plan = plan_revocation(tenant_id=TENANT, before=before)
    assert [problems(operation) for operation in plan.required_operations] == [[] for _ in plan.required_operations]
    for operation in plan.optional:
        body = {
            name: value for name, value in operation.body.items() if (name,) not in undocumented_members(operation.body)
        }
        described = {name: without_undocumented_members(name, value) for name, value in body.items()}
        is_policy = operation.path.endswith("identitySynchronization")
        assert is_policy or problems(replace(operation, body=described)) == []


@pytest.mark.parametrize(
    ("shown", "beyond"),
    [
        ({"crossCloudMeetingConfiguration": {"inboundAllowed": True}}, []),
        ({"somethingNew": True}, ["somethingNew"]),
        ({"inboundTrust": {"isAnythingAccepted": True}}, ["inboundTrust.isAnythingAccepted"]),
        ({"identitySynchronization": {"groupSyncInbound": {"isSyncAllowed": True}}}, ["groupSyncInbound"]),
        ({"m365CollaborationInbound": {"users": None, "groups": True}}, ["m365CollaborationInbound.groups"]),
    ],
)
def test_what_a_revocation_sends_beyond_the_sdk_is_what_the_partner_showed(
    shown: dict[str, Any], beyond: list[str]
) -> None:
    """The service shows members that v1.0 does not describe: a revocation closes them, and no more."""
    further = plan_revocation(tenant_id=TENANT, before={"tenantId": TENANT, **shown}).optional
    assert further
    found = [
        problem.partition(":")[0]
        for one in further
        for problem in request_problems(one.method, one.path, {}, json.dumps(one.body).encode())
    ]
    assert found == beyond


NAVIGATION = {
    "m365Capabilities.x": "A capability of a type that Gatehouse does not know, as this one's `x`.",
    "serviceProviderConstraints": "Has an address of its own, which Gatehouse neither reads nor writes.",
}
"""Members of a partner that the SDK has and Gatehouse takes for undocumented: they are named when they are shown."""


def test_the_described_members_are_those_of_the_sdk() -> None:
    """A member that a new version of the SDK has is found here first."""
    partner = model("cross_tenant_access_policy_configuration_partner")
    shown = {".".join(path) for path in undocumented_members(_everything(partner))}
    assert shown == set(NAVIGATION)


def _everything(of: Name) -> dict[str, Any]:
    """A document with every member that the SDK has, at any depth; lists have one entry, texts say nothing."""
    found: dict[str, Any] = {}
    for name, member in members(of).items():
        value: Any = "x"
        if member.reader == "object" and member.type is not None:
            value = _everything(member.type)
        found[name] = [value] if member.is_list else value
    return found


@pytest.mark.parametrize(
    "body",
    [
        {"inboundTrust": None},
        {"tenantId": TENANT, "inboundtrust": None},
        {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": "yes"}},
        {"tenantId": TENANT, "inboundTrust": {"isMFAAccepted": True}},
        {"tenantId": TENANT, "b2bCollaborationInbound": {"applications": {"accessType": "open", "targets": []}}},
    ],
)
def test_the_check_finds_a_missing_a_misspelt_and_a_wrong_value(body: dict[str, Any]) -> None:
    wrong = Operation(method="POST", path="/policies/crossTenantAccessPolicy/partners", body=body)
    assert problems(wrong)
    assert not CONTRACT.exists() or description_problems(wrong)
