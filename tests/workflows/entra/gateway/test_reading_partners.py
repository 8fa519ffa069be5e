"""A partner's configuration and the default as Graph shows them; what cannot be read is never absent."""

import asyncio

import pytest

import workflows.entra.transport.traffic.read_retries
from tests.workflows.entra.simulated_tenant import (
    CONTOSO,
    PARTNERS,
    Graph,
    answering,
    refusing,
    slow,
)
from workflows.entra import Entra
from workflows.ports.tenant import TenantRefused, TenantUnavailable


async def test_absent_partner_is_none(entra: Entra, graph: Graph) -> None:
    assert await entra.read_partner(CONTOSO) is None
    assert graph.calls == [("GET", f"{PARTNERS}/{CONTOSO}")]
    assert graph.seen[0].query == {"$expand": "identitySynchronization"}


async def test_forbidden_partner_is_not_none(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"appRoles": []})
    with pytest.raises(TenantRefused, match=r"Policy\.Read\.All") as refused:
        await entra.read_partner(CONTOSO)
    assert (refused.value.status, refused.value.code) == (403, "Authorization_RequestDenied")


async def test_a_proxy_s_404_is_not_an_absent_partner(entra: Entra, graph: Graph) -> None:
    graph.fail(answering(404, "<html>Not here</html>"))
    with pytest.raises(TenantUnavailable):
        await entra.read_partner(CONTOSO)


@pytest.mark.parametrize("body", ["<html>Sign in to the guest network</html>", "[]", "", '{"a": '])
async def test_unreadable_success_is_unavailable(entra: Entra, graph: Graph, body: str) -> None:
    graph.fail(answering(200, body))
    with pytest.raises(TenantUnavailable, match="unreadable_answer"):
        await entra.read_partner(CONTOSO)


async def test_partner_keeps_what_this_version_does_not_know(entra: Entra, graph: Graph) -> None:
    document = {
        "@odata.context": "https://graph.example/$metadata#x",
        "tenantId": CONTOSO,
        "inboundTrust": None,
        "b2bCollaborationInbound": {
            "@odata.type": "#microsoft.graph.crossTenantAccessPolicyB2BSetting",
            "usersAndGroups": {"accessType": "someFutureValue", "targets": [{"@odata.type": "#x", "target": "a"}]},
        },
        "protectedContentSharing": {"inboundAllowed": True},
        "identitySynchronization@odata.context": "https://graph.example/$metadata#y",
        "identitySynchronization": {"tenantId": CONTOSO, "userSyncInbound": {"isSyncAllowed": True}},
    }
    graph.fail(answering(200, document))
    assert await entra.read_partner(CONTOSO) == {
        "tenantId": CONTOSO,
        "inboundTrust": None,
        "b2bCollaborationInbound": {
            "usersAndGroups": {"accessType": "someFutureValue", "targets": [{"target": "a"}]},
        },
        "protectedContentSharing": {"inboundAllowed": True},
        "identitySynchronization": {"tenantId": CONTOSO, "userSyncInbound": {"isSyncAllowed": True}},
    }


async def test_read_partner_is_never_cached(entra: Entra, graph: Graph) -> None:
    assert await entra.read_partner(CONTOSO) is None
    graph.simulator.merge({"partners": {CONTOSO: {"inboundTrust": {"isMfaAccepted": True}}}})
    partner = await entra.read_partner(CONTOSO)
    assert partner is not None
    assert partner["inboundTrust"]["isMfaAccepted"] is True


async def test_read_default(entra: Entra) -> None:
    default = await entra.read_default()
    assert default["isServiceDefault"] is True
    assert not [name for name in default if "@" in name]


async def test_reads_are_repeated_when_the_service_is_busy(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(503, Retry_After="0"), refusing(429, Retry_After="1"))
    assert await entra.read_partner(CONTOSO) is None
    assert len(graph.seen) == 3


async def test_reads_are_given_up_after_three_tries(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflows.entra.transport.traffic.read_retries.ReadRetries, "get_delay_time", lambda *_: 0.0)
    graph.fail(*[refusing(503)] * 3)
    with pytest.raises(TenantUnavailable, match="503"):
        await entra.read_partner(CONTOSO)
    assert len(graph.seen) == 3


async def test_a_long_wait_is_the_caller_s(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(429, "TooManyRequests", Retry_After="60"))
    with pytest.raises(TenantUnavailable, match="seconds=60") as unavailable:
        await entra.read_partner(CONTOSO)
    assert unavailable.value.retry_after == 60
    assert len(graph.seen) == 1


async def test_caller_s_deadline_leaves_the_gateway_usable(entra: Entra, graph: Graph) -> None:
    await entra.warm()
    graph.fail(slow)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await entra.read_partner(CONTOSO)
    assert await entra.read_partner(CONTOSO) is None
