"""The approved bytes are what is sent, to one partner's own path, once; what came back is not guessed."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.sandbox.entra import TokenAuthority
from tests.workflows.deadlines import Deadlines
from tests.workflows.entra.simulated_tenant import (
    CONTOSO,
    PARTNERS,
    Graph,
    adding,
    answering,
    changing,
    refusing,
    reset_after_commit,
)
from workflows.core.errors.tenant_problems import TenantCode
from workflows.core.plans.plan import Operation
from workflows.core.plans.planning import plan_revocation
from workflows.core.settings.canonical import canonical_json
from workflows.entra import Entra, EntraSettings, connect
from workflows.ports.tenant import AlreadyExists, TenantRefused, TenantUnavailable


async def test_approved_bytes_are_sent_bytes(entra: Entra, graph: Graph) -> None:
    add = adding(inboundTrust=None, b2bCollaborationInbound=None)
    change = changing(
        automaticUserConsentSettings={"outboundAllowed": False, "inboundAllowed": True}, inboundTrust=None
    )
    for operation in (add, change):
        await entra.write(operation)
    assert [one.body for one in graph.seen] == [canonical_json(add.body), canonical_json(change.body)]
    assert graph.seen[0].body == (
        b'{"b2bCollaborationInbound":null,"inboundTrust":null,"tenantId":"c0a1b2c3-1111-4aaa-8bbb-0123456789a1"}'
    )
    assert {one.headers["content-type"] for one in graph.seen} == {"application/json"}
    assert graph.calls == [("POST", PARTNERS), ("PATCH", f"{PARTNERS}/{CONTOSO}")]


async def test_an_accepted_write_has_the_ids_by_which_graphs_logs_name_it(entra: Entra, graph: Graph) -> None:
    ids = await entra.write(adding())
    assert ids.client_request_id == graph.seen[0].headers["client-request-id"]
    assert ids.request_id
    assert ids.request_id != ids.client_request_id
    assert (await entra.write(changing(inboundTrust=None))).client_request_id != ids.client_request_id


async def test_revocation_closes_the_partner_and_its_synchronization(entra: Entra, graph: Graph) -> None:
    sync = {"userSyncInbound": {"isSyncAllowed": True}}
    graph.simulator.merge({"partners": {CONTOSO: {"identitySynchronization": sync}}})
    plan = plan_revocation(tenant_id=CONTOSO, default={}, before=await entra.read_partner(CONTOSO))
    for operation in plan.operations:
        await entra.write(operation)
    assert graph.calls[1:] == [
        ("PATCH", f"{PARTNERS}/{CONTOSO}"),
        ("PATCH", f"{PARTNERS}/{CONTOSO}/identitySynchronization"),
    ]
    after = await entra.read_partner(CONTOSO)
    assert after is not None
    assert after["identitySynchronization"]["userSyncInbound"] == {"isSyncAllowed": False}
    assert after["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/policies/crossTenantAccessPolicy/default"),
        ("PATCH", "/policies/crossTenantAccessPolicy"),
        ("PATCH", PARTNERS),
        ("POST", f"{PARTNERS}/{CONTOSO}"),
        ("POST", f"{PARTNERS}/{CONTOSO}/identitySynchronization"),
        ("PATCH", f"{PARTNERS}/{CONTOSO}/"),
        ("PATCH", f"{PARTNERS}/{CONTOSO}/serviceProviderConstraints"),
        ("PATCH", f"{PARTNERS}/../default"),
        ("PATCH", f"{PARTNERS}/{CONTOSO}/../../default"),
        ("PATCH", f"{PARTNERS}/{CONTOSO}?x=1"),
        ("PATCH", f"{PARTNERS}/{CONTOSO}\n"),
        ("PATCH", f"{PARTNERS}/contoso.com"),
        ("PATCH", f"https://graph.microsoft.com/v1.0{PARTNERS}/{CONTOSO}"),
        ("DELETE", f"{PARTNERS}/{CONTOSO}"),
        ("DELETE", f"{PARTNERS}/{CONTOSO}/identitySynchronization"),
        ("PUT", f"{PARTNERS}/{CONTOSO}"),
        ("PUT", PARTNERS),
    ],
)
@pytest.mark.threats("D6")
async def test_nothing_but_one_partner_s_own_configuration_can_be_written(
    entra: Entra, graph: Graph, method: Any, path: str
) -> None:
    with pytest.raises(ValueError, match="not one partner's own configuration"):
        await entra.write(Operation(method=method, path=path, body={"tenantId": CONTOSO}))
    assert graph.seen == []


@pytest.mark.parametrize("body", [{}, {"tenantId": None}, {"tenantId": "contoso.com"}])
@pytest.mark.threats("D6")
async def test_a_new_partner_is_named_by_its_tenant_id(entra: Entra, graph: Graph, body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="names no partner"):
        await entra.write(Operation(method="POST", path=PARTNERS, body=body))
    assert graph.seen == []


async def test_existing_partner(entra: Entra, graph: Graph) -> None:
    await entra.write(adding())
    with pytest.raises(AlreadyExists) as exists:
        await entra.write(adding())
    assert (exists.value.status, exists.value.code) == (409, "Request_MultipleObjectsWithSameKeyValue")


async def test_conflict_of_a_change_is_no_existing_partner_but_passes(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(409))
    with pytest.raises(TenantUnavailable, match="409"):
        await entra.write(changing())


@pytest.mark.parametrize("status", [300, 302, 400, 403, 404, 409, 410, 412, 422, 500])
@pytest.mark.parametrize("body", ["<html>a proxy</html>", "", {"message": "no error object"}, {"error": "text"}])
@pytest.mark.parametrize("operation", ["POST", "PATCH", "GET"])
async def test_what_is_not_graph_s_own_error_is_no_refusal(
    entra: Entra, graph: Graph, status: int, body: Any, operation: str
) -> None:
    graph.fail(answering(status, body))
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "GET": lambda: entra.read_partner(CONTOSO),
        "POST": lambda: entra.write(adding()),
        "PATCH": lambda: entra.write(changing()),
    }
    with pytest.raises(TenantUnavailable):
        await calls[operation]()


@pytest.mark.parametrize("status", [407, 408, 412, 421, 423, 425, 429])
@pytest.mark.parametrize("is_read", [True, False])
async def test_a_status_of_the_way_is_no_refusal_even_with_an_error_object(
    entra: Entra, graph: Graph, status: int, is_read: bool
) -> None:
    graph.fail(*[refusing(status)] * 3)
    with pytest.raises(TenantUnavailable):
        await (entra.read_partner(CONTOSO) if is_read else entra.write(adding()))


@pytest.mark.parametrize("body", ["<html>Sign in</html>", "", "[]", '{"a": '])
@pytest.mark.parametrize("status", [200, 201, 204])
async def test_a_write_that_is_answered_with_anything_and_2xx_is_left_to_the_read_back(
    entra: Entra, graph: Graph, status: int, body: str
) -> None:
    graph.fail(answering(status, body))
    await entra.write(adding())
    assert await entra.read_partner(CONTOSO) is None


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 422, 499])
async def test_refused_write(entra: Entra, graph: Graph, status: int) -> None:
    graph.fail(refusing(status, "SomeCode", "Some\nmessage."))
    with pytest.raises(TenantRefused) as refused:
        await entra.write(changing())
    assert (refused.value.status, refused.value.code) == (status, "SomeCode")
    for part in ("Some message", str(status), "SomeCode", "request_id=12345678-aaaa-4bbb-8ccc-1234567890ab"):
        assert part in str(refused.value)
    assert len(graph.seen) == 1


async def test_refused_write_says_what_to_do(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(403), refusing(401), refusing(401))
    with pytest.raises(TenantRefused, match=r"Policy\.ReadWrite\.CrossTenantAccess"):
        await entra.write(changing())
    with pytest.raises(TenantUnavailable, match=r"token_refused_twice call=.* status=401"):
        await entra.write(changing())


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 507])
@pytest.mark.parametrize("body", ["<html><b>Bad gateway</b></html>", "", {"error": "not an object"}, [1]])
async def test_write_that_met_trouble_has_an_unknown_outcome(
    entra: Entra, graph: Graph, status: int, body: Any
) -> None:
    graph.fail(answering(status, body))
    with pytest.raises(TenantUnavailable, match="is_write=True"):
        await entra.write(adding())
    assert len(graph.seen) == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [({"Retry_After": "17"}, 17.0), ({"Retry_After": "soon"}, None), ({}, None)]
)
async def test_throttled_write_is_sent_once(
    entra: Entra, graph: Graph, header: dict[str, str], seconds: float | None
) -> None:
    graph.fail(refusing(429, "TooManyRequests", **header))
    with pytest.raises(TenantUnavailable) as unavailable:
        await entra.write(adding())
    assert unavailable.value.retry_after == seconds
    assert len(graph.seen) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirect_is_neither_followed_nor_a_success(entra: Entra, graph: Graph, status: int) -> None:
    """Contract: a write is done only when Graph says so. The SDK's adapter takes such a redirect for a success."""
    graph.fail(answering(status, "", Location=f"{graph.url}/elsewhere"))
    with pytest.raises(TenantUnavailable, match="is_write=True"):
        await entra.write(adding())
    assert len(graph.seen) == 1


@pytest.mark.threats("F2")
async def test_reset_after_commit_is_unknown_and_not_repeated(entra: Entra, graph: Graph) -> None:
    graph.fail(reset_after_commit)
    with pytest.raises(TenantUnavailable, match="is_write=True"):
        await entra.write(adding())
    assert graph.calls == [("POST", PARTNERS)]
    assert CONTOSO in graph.simulator.state()["partners"]


async def test_slow_write_has_an_unknown_outcome(entra: Entra, graph: Graph, deadlines: Deadlines) -> None:
    await entra.warm()
    graph.fail(deadlines.never_answered)
    with pytest.raises(TenantUnavailable, match=r"too_late .* is_sent=True is_write=True"):
        await entra.write(adding())
    assert graph.calls[1:] == [("POST", PARTNERS)]


async def test_unreachable_graph_says_that_nothing_was_sent(
    authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    entra = connect(EntraSettings(graph_url="http://127.0.0.1:9/v1.0", authority_host=authority.url))
    with pytest.raises(TenantUnavailable, match="entra_unreachable"):
        await entra.write(adding())
    warning = await entra.warm()
    assert warning is not None
    assert warning.facts[0].code == TenantCode.UNREACHABLE
    await entra.close()


async def test_a_synchronization_policy_is_created_and_meets_itself(entra: Entra, graph: Graph) -> None:
    await entra.write(adding())
    path = f"{PARTNERS}/{CONTOSO}/identitySynchronization"
    policy = Operation(method="PUT", path=path, body={"userSyncInbound": {"isSyncAllowed": True}})
    await entra.write(policy)
    with pytest.raises(AlreadyExists):
        await entra.write(policy)
    partner = await entra.read_partner(CONTOSO)
    assert partner is not None
    assert partner["identitySynchronization"]["userSyncInbound"] == {"isSyncAllowed": True}
