"""The tenant's settings and its Conditional Access policies as Graph shows them."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from tests.workflows.entra.simulated_tenant import (
    CONTOSO,
    GROUP,
    Graph,
    answering,
    refusing,
)
from workflows.entra import Entra
from workflows.entra.transport.traffic.rate_limit import RateLimit
from workflows.ports.tenant import TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import TenantSettings


async def test_tenant_settings_are_read_as_graph_shows_them(entra: Entra, graph: Graph) -> None:
    around: TenantSettings = entra.tenant_settings
    assert "woodgrove.com" in await around.verified_domains()
    assert (await around.read_access_policy())["allowedCloudEndpoints"] == []
    assert (await around.read_authorization())["allowInvitesFrom"] == "adminsAndGuestInviters"
    assert (await around.read_sharepoint())["sharingCapability"] == "externalUserAndGuestSharing"
    policy, *_ = await around.read_conditional_access()
    assert policy["grantControls"]["builtInControls"] == ["mfa"]
    assert {method for method, _ in graph.calls} == {"GET"}


async def test_a_tenant_without_domains_was_not_told(entra: Entra, graph: Graph) -> None:
    graph.fail(answering(200, {"value": [{"id": GROUP, "verifiedDomains": [None, {"name": ""}]}]}))
    with pytest.raises(TenantUnavailable, match="no_own_domains"):
        await entra.tenant_settings.verified_domains()


async def test_conditional_access_is_read_once_a_minute_and_once_a_second(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten requests at once cause one read. After a minute it is read again, at most once a second."""
    monkeypatch.setattr(entra.tenant_settings, "_conditional_access", RateLimit(1, 0.3))
    found = await asyncio.gather(*(entra.tenant_settings.read_conditional_access() for _ in range(10)))
    assert len(graph.seen) == 1
    assert all(rows == found[0] for rows in found)
    monkeypatch.setattr(entra.tenant_settings._policies, "now", lambda: time.monotonic() + 60)
    started = time.monotonic()
    await entra.tenant_settings.read_conditional_access()
    assert time.monotonic() - started > 0.25
    assert len(graph.seen) == 2


async def test_conditional_access_that_is_throttled_is_not_repeated(entra: Entra, graph: Graph) -> None:
    """It answers 429 without Retry-After, and every repetition counts against one request a second."""
    graph.fail(refusing(429, "TooManyRequests"))
    with pytest.raises(TenantUnavailable) as throttled:
        await entra.tenant_settings.read_conditional_access()
    assert throttled.value.is_throttled
    assert len(graph.seen) == 1


async def test_a_missing_permission_names_the_one_to_grant(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(403, "Authorization_RequestDenied"))
    with pytest.raises(TenantRefused, match=r"AuditLog\.Read\.All"):
        await entra.tenant_settings.read_sign_ins(CONTOSO, datetime.now(UTC))
