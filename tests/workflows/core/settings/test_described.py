"""Every body that a plan writes is one that Graph's published description accepts."""

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

from tests.workflows.core.builders import TENANT
from tests.workflows.core.strategies import PROPERTY, SETTINGS, partner_documents
from workflows.core.errors import NothingToChange
from workflows.core.plans.plan import Operation, plan_access, plan_revocation
from workflows.core.settings.described import described_part, undescribed
from workflows.core.settings.model import Property, Setting

CONTRACT = Path(__file__).parents[4].parent / "shared" / "contracts" / "graph-openapi.json"
KEY = "{crossTenantAccessPolicyConfigurationPartner-tenantId}"

pytestmark = pytest.mark.skipif(
    not CONTRACT.exists(), reason="the folder ../shared/contracts with Graph's description is not there"
)


@cache
def _description() -> Any:
    return json.loads(CONTRACT.read_text(encoding="utf-8"))


@cache
def _validator(method: str, path: str) -> OAS30WriteValidator:
    body = _description()["paths"][path][method.lower()]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    return OAS30WriteValidator({**schema, "components": _description()["components"]})


def problems(operation: Operation) -> list[str]:
    """List what the description has against the body of one write at its address."""
    validator = _validator(operation.method, operation.path.replace(TENANT, KEY))
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
    assert [problems(operation) for operation in plan.required] == [[] for _ in plan.required]
    for operation in plan.further:
        body = {name: value for name, value in operation.body.items() if (name,) not in undescribed(operation.body)}
        described = {name: described_part(name, value) for name, value in body.items()}
        is_policy = operation.path.endswith("identitySynchronization")
        assert is_policy or problems(replace(operation, body=described)) == []


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
    assert problems(Operation(method="POST", path="/policies/crossTenantAccessPolicy/partners", body=body))
