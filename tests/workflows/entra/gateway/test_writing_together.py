"""Writes that share one request: the approved bytes of each, judged one by one, and never sent twice unread."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.sandbox.entra import TokenAuthority
from bot.sandbox.http.faults import Fault
from tests.workflows.deadlines import Deadlines
from tests.workflows.entra.simulated_tenant import (
    CONTOSO,
    PARTNERS,
    Graph,
    adding,
    answering,
    changing,
    refusing,
    reset,
    reset_after_commit,
)
from workflows.core.errors.tenant_problems import TenantCode
from workflows.core.plans.plan import CallIds, Operation
from workflows.core.settings.canonical import canonical_json
from workflows.core.settings.model import TenantId
from workflows.entra import Entra, EntraSettings, connect
from workflows.ports.tenant import AlreadyExists, SendAlone, TenantRefused, TenantUnavailable, WriteResult, WrongTenant


def number(one: int) -> TenantId:
    """A tenant id that shows its number."""
    return TenantId(f"00000000-0000-4000-8000-{one:012d}")


def twenty() -> list[Operation]:
    """Twenty partners to add, each with a setting to inherit."""
    return [adding(number(one), inboundTrust=None) for one in range(20)]


def partners(graph: Graph) -> dict[str, Any]:
    """Return the partners in the tenant."""
    found: dict[str, Any] = graph.simulator.state()["partners"]
    return found


def unknown(results: Sequence[WriteResult]) -> list[str]:
    """Return the first fact of each result, all of which must be unknown."""
    assert all(isinstance(one, TenantUnavailable) for one in results), results
    return [one.facts[0].code for one in results if isinstance(one, TenantUnavailable)]


async def test_the_approved_bytes_of_each_are_sent_in_one_request(entra: Entra, graph: Graph) -> None:
    operations = twenty()
    results = await entra.write_together(operations)
    (batch,) = graph.seen
    assert (batch.method, batch.path) == ("POST", "/$batch")
    for operation in operations:
        assert canonical_json(operation.body) in batch.body
    rows = json.loads(batch.body)["requests"]
    assert [row["url"] for row in rows] == [PARTNERS] * 20
    assert not any("dependsOn" in row for row in rows)
    assert {row["headers"]["Content-Type"] for row in rows} == {"application/json"}
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == 20
    assert [isinstance(one, CallIds) and one.client_request_id for one in results] == ids
    assert len({one.request_id for one in results if isinstance(one, CallIds)}) == 20
    assert {number(one) for one in range(20)} <= partners(graph).keys()


async def test_each_write_is_in_the_log_with_its_ids(entra: Entra) -> None:
    with capture_logs() as logs:
        results = await entra.write_together([adding(number(1)), adding(number(2))])
    lines = [one for one in logs if one["event"] == "graph call in batch"]
    assert [(one["method"], one["path"], one["status"]) for one in lines] == [("POST", PARTNERS, 201)] * 2
    ids = [(one.request_id, one.client_request_id) for one in results if isinstance(one, CallIds)]
    assert [(one["request_id"], one["client_request_id"]) for one in lines] == ids


async def test_each_answer_is_judged_as_that_of_a_single_write(entra: Entra, graph: Graph) -> None:
    await entra.write(adding(number(0)))
    operations = [adding(number(0)), *(changing(number(one)) for one in (1, 2, 3, 4, 5))]
    answers = {2: (429, {"Retry-After": "7"}), 3: (412, {}), 4: (409, {}), 5: (500, {})}
    for which, (status, headers) in answers.items():
        graph.inner.add(Fault(target="graph", method="PATCH", match=number(which), status=status, headers=headers))
    for which in (1, 2, 3, 4, 5):
        await entra.write(adding(number(which)))
    exists, accepted, throttled, locked, conflict, broken = await entra.write_together(operations)
    assert isinstance(exists, AlreadyExists)
    assert isinstance(accepted, CallIds)
    assert isinstance(throttled, TenantUnavailable)
    assert (throttled.is_throttled, throttled.retry_after) == (True, 7.0)
    for one in (locked, conflict, broken):
        assert isinstance(one, TenantUnavailable)
        assert (one.facts[0].code, one.retry_after) == (TenantCode.ANSWERED_OTHERWISE, None)


async def test_a_refusal_names_the_call_and_the_permission(entra: Entra, graph: Graph) -> None:
    graph.inner.add(Fault(target="graph", method="POST", match=number(2), status=403))
    accepted, refused = await entra.write_together([adding(number(1)), adding(number(2))])
    assert isinstance(accepted, CallIds)
    assert isinstance(refused, TenantRefused)
    assert refused.facts[0].values["permission"] == "Policy.ReadWrite.CrossTenantAccess"
    graph.fail(refusing(403, "Authorization_RequestDenied", "A fault of the sandbox."))
    with pytest.raises(TenantRefused) as alone:
        await entra.write(adding(number(3)))
    assert [one.code for one in alone.value.facts] == [one.code for one in refused.facts]


async def test_a_part_whose_token_was_refused_is_to_be_sent_alone(entra: Entra, graph: Graph) -> None:
    graph.inner.add(Fault(target="graph", method="POST", match=number(2), status=401))
    results = await entra.write_together([adding(number(1)), adding(number(2)), adding(number(3))])
    assert [type(one) for one in results] == [CallIds, SendAlone, CallIds]
    assert graph.calls == [("POST", "/$batch")]
    assert {number(1), number(3)} <= partners(graph).keys()
    assert number(2) not in partners(graph)


async def test_a_refused_token_of_the_whole_is_renewed_once(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(401, "InvalidAuthenticationToken"))
    results = await entra.write_together(twenty())
    assert all(isinstance(one, CallIds) for one in results)
    assert graph.calls == [("POST", "/$batch")] * 2
    assert graph.seen[0].body == graph.seen[1].body


async def test_a_claims_challenge_of_the_whole_gets_a_token_with_these_claims(entra: Entra, graph: Graph) -> None:
    challenge = 'Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="'
    graph.fail(refusing(401, "InvalidAuthenticationToken", WWW_Authenticate=challenge))
    results = await entra.write_together([adding(number(1)), adding(number(2))])
    assert all(isinstance(one, CallIds) for one in results)
    assert graph.calls == [("POST", "/$batch")] * 2


@pytest.mark.parametrize("fault", [reset, reset_after_commit, None, answering(502, "<html>"), answering(200, "[]")])
async def test_without_a_usable_answer_no_result_is_known_and_nothing_is_sent_again(
    entra: Entra, graph: Graph, deadlines: Deadlines, fault: Any
) -> None:
    """A fault of None: no answer comes."""
    await entra.home()
    graph.seen.clear()
    graph.fail(fault or deadlines.never_answered)
    results = await entra.write_together(twenty())
    assert len(unknown(results)) == 20
    assert len(graph.seen) == 1
    assert all(isinstance(one, CallIds | AlreadyExists) for one in await entra.write_together(twenty()))


@pytest.mark.parametrize("change", [lambda rows: rows[:-1], lambda rows: [*rows[:-1], rows[0]]])
async def test_with_a_missing_or_doubled_part_no_result_is_known(entra: Entra, graph: Graph, change: Any) -> None:
    async def fault(request: Any, handler: Any) -> Any:
        answer = await handler(request)
        found = json.loads(answer.body)
        answer.body = json.dumps({"responses": change(found["responses"])}).encode()
        return answer

    graph.fail(fault)
    assert set(unknown(await entra.write_together(twenty()))) == {TenantCode.UNREADABLE_ANSWER}
    assert {number(one) for one in range(20)} <= partners(graph).keys(), "that is why they are read before"


async def test_a_throttled_whole_was_not_done_and_names_its_pause(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(429, "TooManyRequests", Retry_After="3"))
    results = await entra.write_together(twenty())
    assert {one.retry_after for one in results if isinstance(one, TenantUnavailable)} == {3.0}
    assert len(graph.seen) == 1, "it is not repeated in the gateway"
    assert not partners(graph).keys() & {number(one) for one in range(20)}


@pytest.mark.parametrize("status", [400, 403, 404, 413])
async def test_when_the_whole_is_refused_the_next_writes_are_to_be_sent_alone(
    entra: Entra, graph: Graph, status: int
) -> None:
    """A proxy that lets no batch through costs speed only; its 404 must not mean that a partner is gone."""
    graph.fail(refusing(status, "BadRequest"))
    operations = [changing(number(1)), changing(number(2))]
    for one in (1, 2):
        graph.simulator.merge({"partners": {number(one): {}}})
    assert set(unknown(await entra.write_together(operations))) == {TenantCode.ANSWERED_OTHERWISE}
    assert [type(one) for one in await entra.write_together(operations)] == [SendAlone, SendAlone]
    assert [path for _, path in graph.calls] == ["/$batch"], "each is checked once more before it is sent"


async def test_one_operation_is_sent_alone(entra: Entra, graph: Graph) -> None:
    (result,) = await entra.write_together([adding()])
    assert isinstance(result, CallIds)
    assert graph.calls == [("POST", PARTNERS)]
    (again,) = await entra.write_together([adding()])
    assert isinstance(again, AlreadyExists)


@pytest.mark.parametrize(
    "other",
    [
        Operation(method="PATCH", path="/policies/crossTenantAccessPolicy/default", body={}),
        Operation(method="PATCH", path=f"{PARTNERS}/../default", body={}),
        Operation(method="POST", path=PARTNERS, body={}),
        changing(number(1)),
        adding(number(1)),
    ],
)
async def test_nothing_is_sent_when_one_may_not_be(entra: Entra, graph: Graph, other: Operation) -> None:
    """Only a partner's own configuration, and each partner once: Graph keeps no order."""
    with pytest.raises(ValueError, match=r"configuration|share a batch|tenant id"):
        await entra.write_together([changing(number(1)), other])
    with pytest.raises(ValueError, match="share a batch"):
        await entra.write_together([adding(number(one)) for one in range(21)])
    assert graph.seen == []


async def test_nothing_is_written_to_another_tenant(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    settings = EntraSettings(graph_url=graph.url, authority_host=authority.url, tenant_id=CONTOSO)
    entra = connect(settings)
    results = await entra.write_together(twenty())
    await entra.close()
    assert all(isinstance(one, WrongTenant) for one in results)
    assert [path for _, path in graph.calls] == ["/organization"]
