"""Tenants found by domain and by id: asked once, remembered for a minute, never mixed up."""

import asyncio
import time

import pytest

from bot.sandbox import seed
from tests.workflows.entra.simulated_tenant import (
    CONTOSO,
    FABRIKAM,
    Graph,
    answering,
    refusing,
)
from workflows.entra import Entra
from workflows.ports.tenant import TenantUnavailable


async def test_find_by_domain(entra: Entra, graph: Graph) -> None:
    found = await entra.find("contoso.onmicrosoft.com")
    assert found is not None
    assert (found.tenant_id, found.display_name, found.default_domain) == (CONTOSO, "Contoso", "contoso.com")
    assert found.typed_name == "contoso.onmicrosoft.com"


async def test_find_by_tenant_id_takes_the_domain_from_graph(entra: Entra) -> None:
    found = await entra.find(CONTOSO.upper())
    assert found is not None
    assert (found.tenant_id, found.default_domain, found.typed_name) == (CONTOSO, "contoso.com", CONTOSO)


async def test_find_remembers_what_was_and_what_was_not_there(entra: Entra, graph: Graph) -> None:
    for _ in range(2):
        assert await entra.find("contoso.com") is not None
        assert await entra.find("nobody.example") is None
    assert len(graph.seen) == 2
    assert await entra.find("contoso.com", fresh=True) is not None
    assert len(graph.seen) == 3


async def test_find_forgets_after_a_minute(entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    await entra.find("contoso.com")
    monkeypatch.setattr(entra._tenants_by_name, "now", lambda: time.monotonic() + 50)
    await entra.find("contoso.com")
    assert len(graph.seen) == 1
    monkeypatch.setattr(entra._tenants_by_name, "now", lambda: time.monotonic() + 60)
    await entra.find("contoso.com")
    assert len(graph.seen) == 2


async def test_find_does_not_remember_failures(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(500))
    with pytest.raises(TenantUnavailable):
        await entra.find("contoso.com")
    assert await entra.find("contoso.com") is not None


async def test_parallel_lookups_get_their_own_answers(entra: Entra) -> None:
    """Contract: a lookup answers about the tenant it was asked for. The SDK's shared builders mix them up."""
    domains = [organization.domains[0] for organization in seed.ORGANIZATIONS] * 5
    found = await asyncio.gather(*(entra.find(domain, fresh=True) for domain in domains))
    assert [identity and identity.default_domain for identity in found] == domains


@pytest.mark.threats("E9")
async def test_find_doubles_quotes(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(404, "Directory_ObjectNotFound"))
    assert await entra.find("o'neil.example") is None
    path = "/tenantRelationships/findTenantInformationByDomainName(domainName='o%27%27neil.example')"
    assert graph.seen[0].path.replace("%28", "(").replace("%29", ")") == path


@pytest.mark.threats("D1")
async def test_answer_about_another_tenant_is_unavailable(entra: Entra, graph: Graph) -> None:
    graph.fail(answering(200, {"tenantId": FABRIKAM}), answering(200, {"tenantId": FABRIKAM}), answering(200, {}))
    with pytest.raises(TenantUnavailable, match="names_no_tenant"):
        await entra.find(CONTOSO)
    for _ in range(2):
        with pytest.raises(TenantUnavailable, match="names_no_tenant"):
            await entra.read_partner(CONTOSO)


async def test_answer_without_tenant_id_is_unavailable(entra: Entra, graph: Graph) -> None:
    graph.fail(answering(200, {"displayName": "Contoso"}))
    with pytest.raises(TenantUnavailable, match="names_no_tenant"):
        await entra.find("contoso.com")
