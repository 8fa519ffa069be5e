"""Entra's What If evaluation: asked as Microsoft describes it, whole or not at all."""

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph.generated.identity.conditional_access.evaluate.evaluate_post_request_body import EvaluatePostRequestBody
from msgraph.generated.models.conditional_access_client_app import ConditionalAccessClientApp
from msgraph.generated.models.conditional_access_guest_or_external_user_types import (
    ConditionalAccessGuestOrExternalUserTypes,
)
from msgraph.generated.models.risk_level import RiskLevel

from tests.workflows.entra.simulated_tenant import (
    QUESTION,
    Graph,
    answering,
    refusing,
)
from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.entra import Entra
from workflows.entra.transport.traffic.rate_limit import RateLimit
from workflows.ports.tenant import TenantUnavailable


async def test_a_sign_in_is_evaluated_as_microsoft_describes_it(entra: Entra, graph: Graph) -> None:
    """The SDK's models read the body as what it is; every policy comes back, with whether it applies."""
    rows = await entra.tenant_settings.evaluate_access(QUESTION)
    effective = {row["displayName"]: (row["policyApplies"], row["analysisReasons"]) for row in rows}
    assert effective["Require MFA for guests"] == (True, "notSet")
    assert effective["Block synchronized members"] == (False, "policyNotEnabled")
    assert graph.calls == [("POST", "/identity/conditionalAccess/evaluate")]
    node = JsonParseNodeFactory().get_root_parse_node("application/json", graph.seen[0].body)
    body = node.get_object_value(EvaluatePostRequestBody)
    assert set(json.loads(graph.seen[0].body)) == set(EvaluatePostRequestBody().get_field_deserializers())
    assert body.sign_in_identity is not None
    assert body.sign_in_identity.odata_type == "#microsoft.graph.userSignIn"
    assert body.sign_in_context is not None
    assert body.sign_in_context.odata_type == "#microsoft.graph.applicationContext"
    assert body.sign_in_conditions is not None
    assert body.sign_in_conditions.client_app_type is ConditionalAccessClientApp.Browser
    assert body.sign_in_conditions.user_risk_level is RiskLevel.High
    assert {one.value for one in VisitorType} < {one.value for one in ConditionalAccessGuestOrExternalUserTypes}


async def test_an_evaluation_is_remembered_and_shares_one_request_a_second_with_the_policies(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entra.tenant_settings, "_conditional_access", RateLimit(1, 0.3))
    ask, around = entra.tenant_settings.evaluate_access, entra.tenant_settings
    started = time.monotonic()
    found = await asyncio.gather(around.read_conditional_access(), *(ask(QUESTION) for _ in range(10)))
    await ask(replace(QUESTION, visitor=VisitorType.MEMBER))
    assert time.monotonic() - started > 0.55
    assert len(graph.seen) == 3
    assert all(rows == found[1] for rows in found[1:])


async def test_the_list_of_policies_passes_evaluations_that_queue(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every plan needs the list; it must not wait for the evaluations of all the others."""
    monkeypatch.setattr(entra.tenant_settings, "_conditional_access", RateLimit(1, 0.05))
    around = entra.tenant_settings
    levels = [replace(QUESTION, application=f"app-{number}") for number in range(6)]
    queue = [asyncio.create_task(around.evaluate_access(one)) for one in levels]
    await asyncio.sleep(0.01)
    before = len(graph.seen)
    await around.read_conditional_access()
    assert len(graph.seen) <= before + 2, "the one that had its turn, and the list"
    await asyncio.gather(*queue)


@pytest.mark.parametrize(
    "body",
    [
        {"value": [{"id": ""}]},
        {"value": [7]},
        {"value": None},
        {"value": [{"id": "a"}, {"id": "a"}]},
        {"value": [{"id": "a"}], "@odata.nextLink": "https://graph.microsoft.com/next"},
        "<html>not Graph</html>",
    ],
)
async def test_an_evaluation_that_is_not_whole_is_none(
    entra: Entra, graph: Graph, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entra.tenant_settings, "_conditional_access", RateLimit(1, 0.0))
    graph.fail(answering(200, body))
    with pytest.raises(TenantUnavailable):
        await entra.tenant_settings.evaluate_access(QUESTION)
    assert len(await entra.tenant_settings.evaluate_access(QUESTION)) > 1, "a failure is not remembered"


async def test_an_evaluation_that_is_throttled_is_not_repeated(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(429, "TooManyRequests"))
    with pytest.raises(TenantUnavailable) as throttled:
        await entra.tenant_settings.evaluate_access(QUESTION)
    assert throttled.value.is_throttled
    assert "read back" not in str(throttled.value), "it changes nothing"
    assert len(graph.seen) == 1
