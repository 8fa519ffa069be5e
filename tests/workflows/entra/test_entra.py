"""The Entra gateway against the stand-in tenant: real sockets, a real TLS token endpoint, faults in between."""

import asyncio
import gc
import json
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
import structlog
from aiohttp import web
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph.generated.identity.conditional_access.evaluate.evaluate_post_request_body import EvaluatePostRequestBody
from msgraph.generated.models.conditional_access_client_app import ConditionalAccessClientApp
from msgraph.generated.models.conditional_access_guest_or_external_user_types import (
    ConditionalAccessGuestOrExternalUserTypes,
)
from msgraph.generated.models.risk_level import RiskLevel

import workflows.entra.gateway
import workflows.entra.lately
import workflows.entra.surroundings
import workflows.entra.transport.connection
from bot.sandbox import seed
from bot.sandbox.entra import EntraStandIn, TokenAuthority
from workflows.core.checks.conditional_access.controls import Visitor
from workflows.core.checks.conditional_access.questions import Question
from workflows.core.checks.conditional_access.scope import Client
from workflows.core.checks.facts import SignIns
from workflows.core.people import PersonId
from workflows.core.plans.plan import Operation, plan_revocation
from workflows.core.settings.canonical import canonical_json
from workflows.core.settings.model import Target, TargetType, TenantId
from workflows.entra import Entra, EntraSettings, connect
from workflows.entra.name_search import found_objects
from workflows.entra.transport.pacing import Pace
from workflows.ports.tenant import AlreadyExists, Tenant, TenantRefused, TenantUnavailable
from workflows.ports.tenant_settings import FoundObject, Surroundings

CONTOSO = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")
FABRIKAM = TenantId("fab0fab0-2222-4aaa-8bbb-0123456789a2")
PARTNERS = "/policies/crossTenantAccessPolicy/partners"
CLIENT_ID = "11111111-2222-4333-8444-555555555555"
SECRET = "a secret that is nowhere else"
GROUP = "0b000000-0001-4e1b-9b51-6d1f00000001"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fault = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Graph:
    """The stand-in tenant behind a door that records every request and fails on demand."""

    stand_in: EntraStandIn
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)

    def fail(self, *faults: Fault) -> None:
        """Let the next requests meet these instead of the tenant, one each."""
        self.faults.extend(faults)

    @property
    def calls(self) -> list[tuple[str, str]]:
        """Methods and paths so far, below the service root."""
        return [(one.method, one.path) for one in self.seen]


def answering(status: int, body: Any = None, **headers: str) -> Fault:
    """Answer with this instead."""
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def fault(_: web.Request, __: Handler) -> web.StreamResponse:
        return web.Response(status=status, text=text, content_type=kind, headers=named)

    return fault


def refusing(status: int, code: str = "SomeCode", message: str = "Some message.", **headers: str) -> Fault:
    """Answer with Graph's error object."""
    inner = {"request-id": "12345678-aaaa-4bbb-8ccc-1234567890ab", "date": "2026-01-01T00:00:00"}
    return answering(status, {"error": {"code": code, "message": message, "innerError": inner}}, **headers)


async def reset(request: web.Request, _: Handler) -> web.StreamResponse:
    """Drop the connection without doing anything."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def reset_after_commit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Do the work, then drop the connection."""
    await handler(request)
    return await reset(request, handler)


async def slow(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Do the work half a second late."""
    await asyncio.sleep(0.5)
    return await handler(request)


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[TokenAuthority]:
    """The stand-in's token endpoint."""
    authority = TokenAuthority(
        tenant_id=seed.HOME_TENANT_ID, client_id=CLIENT_ID, client_secret=SECRET, now=lambda: datetime.now(UTC)
    )
    await authority.start(tmp_path)
    yield authority
    await authority.stop()


@pytest.fixture
async def graph(authority: TokenAuthority) -> AsyncIterator[Graph]:
    """The stand-in tenant on a socket."""
    stand_in = EntraStandIn(now=lambda: datetime.now(UTC), changed=lambda: None, accepts_token=authority.accepts)
    graph = Graph(stand_in)

    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        graph.seen.append(
            Seen(
                method=request.method,
                path=request.rel_url.raw_path.removeprefix("/graph/v1.0"),
                query=dict(request.query),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
            )
        )
        return await graph.faults.popleft()(request, handler) if graph.faults else await handler(request)

    application = web.Application(middlewares=[record])
    application.add_routes(stand_in.routes())
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    graph.url = f"http://127.0.0.1:{runner.addresses[0][1]}/graph/v1.0"
    yield graph
    await runner.cleanup()


@pytest.fixture
def environment(authority: TokenAuthority, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """What azure-identity reads by itself."""
    for name in list(os.environ):
        if name.startswith(("AZURE_", "IDENTITY_", "MSI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_TENANT_ID", seed.HOME_TENANT_ID)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    return monkeypatch


@pytest.fixture
async def entra(graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch) -> AsyncIterator[Entra]:
    """The gateway, connected to the stand-in through the same settings as to the real service."""
    entra = connect(EntraSettings(graph_url=graph.url, authority_host=authority.url))
    yield entra
    await entra.close()


def adding(tenant_id: str = CONTOSO, **body: Any) -> Operation:
    """A POST that adds a partner."""
    return Operation(method="POST", path=PARTNERS, body={"tenantId": tenant_id, **body})


def changing(tenant_id: str = CONTOSO, **body: Any) -> Operation:
    """A PATCH of a partner."""
    return Operation(method="PATCH", path=f"{PARTNERS}/{tenant_id}", body=body)


# --- Tokens and trust ----------------------------------------------------------------------------------------------


async def test_is_a_tenant(entra: Entra) -> None:
    tenant: Tenant = entra
    assert await tenant.home() == seed.HOME_TENANT_ID


async def test_home_is_asked_once(entra: Entra, graph: Graph) -> None:
    assert await entra.home() == await entra.home()
    assert graph.calls == [("GET", "/organization")]
    assert graph.seen[0].query == {"$select": "id"}


async def test_ten_first_calls_make_one_token_post(
    entra: Entra, authority: TokenAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued: list[str] = []
    issue = authority.issue

    def counted() -> str:
        issued.append(issue())
        return issued[-1]

    monkeypatch.setattr(authority, "issue", counted)
    await asyncio.gather(*(entra.read_partner(CONTOSO) for _ in range(10)))
    assert len(issued) == 1


async def test_wrong_secret_is_refused_for_good(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AZURE_CLIENT_SECRET", "wrong")
    entra = connect(EntraSettings(graph_url=graph.url, authority_host=authority.url))
    with pytest.raises(TenantRefused, match="Check the bot's credentials") as refused:
        await entra.read_partner(CONTOSO)
    assert (refused.value.status, refused.value.code) == (401, "AADSTS7000215")
    assert graph.seen == []
    await entra.close()


async def test_unreachable_authority_is_unavailable(graph: Graph, environment: pytest.MonkeyPatch) -> None:
    entra = connect(EntraSettings(graph_url=graph.url, authority_host="https://127.0.0.1:9"))
    with pytest.raises(TenantUnavailable, match="nothing was sent"):
        await entra.write(adding())
    assert await entra.warm() is not None
    assert graph.seen == []
    await entra.close()


async def test_authority_with_a_stranger_s_certificate_is_unavailable(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    """Without SSL_CERT_FILE the private authority is not trusted: the variable is what makes the other tests work."""
    environment.delenv("SSL_CERT_FILE")
    entra = connect(EntraSettings(graph_url=graph.url, authority_host=authority.url))
    with pytest.raises(TenantUnavailable, match=r"(?i)certificate"):
        await entra.home()
    await entra.close()


async def test_authority_in_trouble_is_unavailable(
    entra: Entra, authority: TokenAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "_refused", lambda _: web.json_response({"error": "server_error"}, status=503))
    monkeypatch.setattr(authority, "client_secret", "rotated")
    with pytest.raises(TenantUnavailable):
        await entra.home()


async def test_no_credentials_is_said_in_words(graph: Graph, environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AZURE_CLIENT_SECRET")
    # Without this the machine's own metadata service would be asked for a managed identity.
    environment.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    entra = connect(EntraSettings(graph_url=graph.url))
    with pytest.raises(TenantUnavailable, match="AZURE_CLIENT_SECRET"):
        await entra.home()
    await entra.close()


def test_missing_certificate_is_found_at_start(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("AZURE_CLIENT_SECRET")
    environment.setenv("AZURE_CLIENT_CERTIFICATE_PATH", str(tmp_path / "none.pem"))
    with pytest.raises(ValueError, match="AZURE_CLIENT_CERTIFICATE_PATH: No such file"):
        connect(EntraSettings())


async def test_managed_identity(graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch) -> None:
    """A managed identity's endpoint that falls silent is a pause, not a refusal."""
    asked: list[str] = []

    async def identity(request: web.Request) -> web.Response:
        asked.append(request.headers["X-IDENTITY-HEADER"])
        token = {"access_token": authority.issue(), "expires_on": "1", "resource": "r", "token_type": "Bearer"}
        return web.json_response(token if len(asked) == 1 else {}, status=200 if len(asked) == 1 else 500)

    application = web.Application()
    application.router.add_get("/token", identity)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    environment.delenv("AZURE_CLIENT_SECRET")
    environment.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{runner.addresses[0][1]}/token")
    environment.setenv("IDENTITY_HEADER", "proof")
    entra = connect(EntraSettings(graph_url=graph.url, authority_host=authority.url))
    token = await entra._connection._credential.get_token(entra._connection._scope, enable_cae=True)
    assert authority.accepts(token.token)
    with pytest.raises(TenantUnavailable):
        await entra.home()
    assert set(asked) == {"proof"}
    await entra.close()
    await runner.cleanup()


async def test_warm_opens_everything(entra: Entra, graph: Graph) -> None:
    assert await entra.warm() is None
    assert graph.calls == [("GET", "/organization")]


@pytest.mark.parametrize("url", ["http://graph.example/v1.0", "ftp://127.0.0.1.example/v1.0", "graph.microsoft.com"])
def test_plain_http_is_for_loopback_only(url: str) -> None:
    with pytest.raises(ValueError, match="must be an https address"):
        connect(EntraSettings(graph_url=url))


async def test_claims_challenge_gets_a_new_token_and_one_more_try(entra: Entra, graph: Graph) -> None:
    """Continuous access evaluation: 401 means that nothing was done, so even a write may be sent again."""
    challenge = 'Bearer authorization_uri="https://localhost", error="insufficient_claims", claims="e30="'
    graph.fail(refusing(401, "InvalidAuthenticationToken", WWW_Authenticate=challenge))
    await entra.write(adding())
    assert [one.method for one in graph.seen] == ["POST", "POST"]
    assert graph.seen[0].headers["authorization"] != graph.seen[1].headers["authorization"]


# --- Finding tenants -----------------------------------------------------------------------------------------------


async def test_find_by_domain(entra: Entra, graph: Graph) -> None:
    found = await entra.find("contoso.onmicrosoft.com")
    assert found is not None
    assert (found.tenant_id, found.display_name, found.default_domain) == (CONTOSO, "Contoso", "contoso.com")
    assert found.asked == "contoso.onmicrosoft.com"


async def test_find_by_tenant_id_takes_the_domain_from_graph(entra: Entra) -> None:
    found = await entra.find(CONTOSO.upper())
    assert found is not None
    assert (found.tenant_id, found.default_domain, found.asked) == (CONTOSO, "contoso.com", CONTOSO)


async def test_find_remembers_what_was_and_what_was_not_there(entra: Entra, graph: Graph) -> None:
    for _ in range(2):
        assert await entra.find("contoso.com") is not None
        assert await entra.find("nobody.example") is None
    assert len(graph.seen) == 2
    assert await entra.find("contoso.com", fresh=True) is not None
    assert len(graph.seen) == 3


async def test_find_forgets_after_a_minute(entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    await entra.find("contoso.com")
    monkeypatch.setattr(workflows.entra.gateway, "_FOUND_FOR_SECONDS", 0.0)
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


async def test_find_doubles_quotes(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(404, "Directory_ObjectNotFound"))
    assert await entra.find("o'neil.example") is None
    path = "/tenantRelationships/findTenantInformationByDomainName(domainName='o%27%27neil.example')"
    assert graph.seen[0].path.replace("%28", "(").replace("%29", ")") == path


async def test_answer_about_another_tenant_is_unavailable(entra: Entra, graph: Graph) -> None:
    graph.fail(answering(200, {"tenantId": FABRIKAM}), answering(200, {"tenantId": FABRIKAM}), answering(200, {}))
    with pytest.raises(TenantUnavailable, match="does not name the tenant"):
        await entra.find(CONTOSO)
    for _ in range(2):
        with pytest.raises(TenantUnavailable, match="does not name the tenant"):
            await entra.read_partner(CONTOSO)


async def test_answer_without_tenant_id_is_unavailable(entra: Entra, graph: Graph) -> None:
    graph.fail(answering(200, {"displayName": "Contoso"}))
    with pytest.raises(TenantUnavailable, match="does not name the tenant"):
        await entra.find("contoso.com")


# --- Reading -------------------------------------------------------------------------------------------------------


async def test_absent_partner_is_none(entra: Entra, graph: Graph) -> None:
    assert await entra.read_partner(CONTOSO) is None
    assert graph.calls == [("GET", f"{PARTNERS}/{CONTOSO}")]
    assert graph.seen[0].query == {"$expand": "identitySynchronization"}


async def test_forbidden_partner_is_not_none(entra: Entra, graph: Graph) -> None:
    graph.stand_in.merge({"appRoles": []})
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
    with pytest.raises(TenantUnavailable, match="could not be read"):
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
    graph.stand_in.merge({"partners": {CONTOSO: {"inboundTrust": {"isMfaAccepted": True}}}})
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
    monkeypatch.setattr(workflows.entra.transport.connection._ReadRetries, "get_delay_time", lambda *_: 0.0)
    graph.fail(*[refusing(503)] * 3)
    with pytest.raises(TenantUnavailable, match="503"):
        await entra.read_partner(CONTOSO)
    assert len(graph.seen) == 3


async def test_a_long_wait_is_the_caller_s(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(429, "TooManyRequests", Retry_After="60"))
    with pytest.raises(TenantUnavailable, match="60 seconds") as unavailable:
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


# --- Writing -------------------------------------------------------------------------------------------------------


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


async def test_revocation_closes_the_partner_and_its_synchronization(entra: Entra, graph: Graph) -> None:
    sync = {"userSyncInbound": {"isSyncAllowed": True}}
    graph.stand_in.merge({"partners": {CONTOSO: {"identitySynchronization": sync}}})
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
async def test_nothing_but_one_partner_s_own_configuration_can_be_written(
    entra: Entra, graph: Graph, method: Any, path: str
) -> None:
    with pytest.raises(ValueError, match="not one partner's own configuration"):
        await entra.write(Operation(method=method, path=path, body={"tenantId": CONTOSO}))
    assert graph.seen == []


@pytest.mark.parametrize("body", [{}, {"tenantId": None}, {"tenantId": "contoso.com"}])
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
    for part in ("Some message", str(status), "SomeCode", "request id 12345678-aaaa-4bbb-8ccc-1234567890ab"):
        assert part in refused.value.reason
    assert len(graph.seen) == 1


async def test_refused_write_says_what_to_do(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(403), refusing(401), refusing(401))
    with pytest.raises(TenantRefused, match=r"Policy\.ReadWrite\.CrossTenantAccess"):
        await entra.write(changing())
    with pytest.raises(TenantRefused, match="Check the bot's credentials"):
        await entra.write(changing())


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 507])
@pytest.mark.parametrize("body", ["<html><b>Bad gateway</b></html>", "", {"error": "not an object"}, [1]])
async def test_write_that_met_trouble_has_an_unknown_outcome(
    entra: Entra, graph: Graph, status: int, body: Any
) -> None:
    graph.fail(answering(status, body))
    with pytest.raises(TenantUnavailable, match="outcome is unknown"):
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
    with pytest.raises(TenantUnavailable, match="outcome is unknown"):
        await entra.write(adding())
    assert len(graph.seen) == 1


async def test_reset_after_commit_is_unknown_and_not_repeated(entra: Entra, graph: Graph) -> None:
    graph.fail(reset_after_commit)
    with pytest.raises(TenantUnavailable, match="outcome is unknown"):
        await entra.write(adding())
    assert graph.calls == [("POST", PARTNERS)]
    assert CONTOSO in graph.stand_in.state()["partners"]


async def test_slow_write_has_an_unknown_outcome(entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    await entra.warm()
    monkeypatch.setattr(workflows.entra.transport.connection, "_WRITE_SECONDS", 0.1)
    graph.fail(slow)
    with pytest.raises(TenantUnavailable, match=r"too long .* outcome is unknown"):
        await entra.write(adding())
    assert graph.calls[1:] == [("POST", PARTNERS)]


async def test_unreachable_graph_says_that_nothing_was_sent(
    authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    entra = connect(EntraSettings(graph_url="http://127.0.0.1:9/v1.0", authority_host=authority.url))
    with pytest.raises(TenantUnavailable, match="nothing was sent"):
        await entra.write(adding())
    warning = await entra.warm()
    assert warning is not None
    assert "could not be reached" in warning
    await entra.close()


# --- Accounts and groups -------------------------------------------------------------------------------------------


async def test_accounts_by_mail(entra: Entra, graph: Graph) -> None:
    accounts = await entra.accounts_by_mail(["ADMIN@woodgrove.com", " ", "nobody@woodgrove.com"])
    assert [(a.name, a.mail, a.is_enabled, a.is_member) for a in accounts] == [
        ("Dana Reyes", "admin@woodgrove.com", True, True)
    ]
    assert graph.seen[0].query["$select"] == "id,displayName,mail,userPrincipalName,accountEnabled,userType"


async def test_no_mails_ask_nothing(entra: Entra, graph: Graph) -> None:
    assert list(await entra.accounts_by_mail([])) == []
    assert list(await entra.accounts_by_id([PersonId("not an id")])) == []
    assert graph.seen == []


async def test_a_mail_cannot_escape_its_quotes(entra: Entra, graph: Graph) -> None:
    assert list(await entra.accounts_by_mail(["O'Neil') or (1 eq 1"])) == []
    assert graph.seen[0].query["$filter"] == (
        "mail eq 'o''neil'') or (1 eq 1' or userPrincipalName eq 'o''neil'') or (1 eq 1'"
    )


async def test_many_accounts_in_chunks_and_pages(entra: Entra, graph: Graph) -> None:
    graph.stand_in.page_size = 1
    users = graph.stand_in.state()["users"]
    mails = [user["mail"] for user in users.values() if user["mail"]]
    fillers = [f"nobody{number}@woodgrove.com" for number in range(20)]
    accounts = await entra.accounts_by_mail([*mails, *fillers])
    assert {account.mail for account in accounts} == set(mails)
    assert len({one.query["$filter"] for one in graph.seen}) == -(-2 * len([*mails, *fillers]) // 15)
    assert all(one.query["$filter"].count(" eq ") <= 15 for one in graph.seen)
    by_id = await entra.accounts_by_id([PersonId(user_id) for user_id in users])
    assert {account.id for account in by_id} == set(users)


async def test_empty_page_with_a_next_link_is_not_the_end(entra: Entra, graph: Graph) -> None:
    graph.stand_in.merge({"emptyPages": True})
    assert len(await entra.accounts_by_mail(["admin@woodgrove.com"])) == 1


@pytest.mark.parametrize(
    ("row", "is_enabled", "is_member"),
    [
        ({}, False, False),
        ({"accountEnabled": None, "userType": None}, False, False),
        ({"accountEnabled": True, "userType": "Guest"}, True, False),
        ({"accountEnabled": "true", "userType": "Member"}, False, True),
    ],
)
async def test_what_graph_does_not_say_is_not_so(
    entra: Entra, graph: Graph, row: dict[str, Any], is_enabled: bool, is_member: bool
) -> None:
    graph.fail(answering(200, {"value": [{"id": GROUP.upper(), "userPrincipalName": "a@b.example", **row}]}))
    [account] = await entra.accounts_by_mail(["a@b.example"])
    assert (account.id, account.mail, account.is_enabled, account.is_member) == (
        GROUP,
        "a@b.example",
        is_enabled,
        is_member,
    )


async def test_hostile_next_link_is_not_followed(entra: Entra, graph: Graph) -> None:
    """Contract: a token goes to Graph's own host and port, and nowhere else; half a list is no list."""
    met: list[web.Request] = []

    async def thief(request: web.Request) -> web.Response:
        met.append(request)
        return web.json_response({"value": []})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", thief)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    own = graph.url.removeprefix("http://").partition("/")[0]
    for link in (
        f"http://127.0.0.1:{port}/graph/v1.0/users?$skiptoken=1",
        f"http://localhost:{port}/graph/v1.0/users",
        f"http://x@{own}/users",
        f"https://{own}/users",
        f"//127.0.0.1:{port}/users",
        f"http://{own}@127.0.0.1:{port}/users",
        f"http://{own}\\@127.0.0.1:{port}/users",
        f"http://127.0.0.1:{port}\\@{own}/users",
        f"http://127.0.0.1:{port}#@{own}/users",
        "http://[/users",
        "/users",
    ):
        graph.fail(answering(200, {"value": [{"id": GROUP}], "@odata.nextLink": link}))
        with pytest.raises(TenantUnavailable, match="led elsewhere"):
            await entra.accounts_by_mail(["a@b.example"])
    assert met == []
    await runner.cleanup()


async def test_list_in_a_circle_ends(entra: Entra, graph: Graph) -> None:
    page = {"value": [], "@odata.nextLink": f"{graph.url}/users?$skiptoken=1"}
    graph.fail(*[answering(200, page)] * 3)
    with pytest.raises(TenantUnavailable, match="did not end"):
        await entra.accounts_by_mail(["a@b.example"])
    assert len(graph.seen) == 2


@pytest.mark.parametrize(
    "second",
    [
        refusing(500),
        reset,
        answering(200, {"value": None}),
        answering(200, {"value": [{}]}),
        answering(200, {"value": [], "@odata.nextLink": 7}),
        answering(200, "<html>"),
    ],
)
async def test_half_a_list_is_no_list(entra: Entra, graph: Graph, second: Fault) -> None:
    row = {"id": GROUP, "accountEnabled": True, "userType": "Member"}
    first = answering(200, {"value": [row], "@odata.nextLink": f"{graph.url}/users?$skiptoken=1"})
    graph.fail(first, second, second)
    with pytest.raises(TenantUnavailable):
        await entra.accounts_by_mail(["a@b.example"])


async def test_group_members_are_its_people(entra: Entra, graph: Graph) -> None:
    rows = [
        {"@odata.type": "#microsoft.graph.user", "id": "A" * 8},
        {"@odata.type": "#microsoft.graph.group", "id": "b"},
        {"@odata.type": "#microsoft.graph.device", "id": "c"},
    ]
    graph.fail(
        answering(200, {"value": rows[:1], "@odata.nextLink": f"{graph.url}/groups/{GROUP}/more?$skiptoken=1"}),
        answering(200, {"value": rows[1:]}),
    )
    assert await entra.group_members(GROUP) == {"a" * 8}
    assert graph.calls[0] == ("GET", f"/groups/{GROUP}/transitiveMembers")
    assert graph.seen[0].query == {"$select": "id", "$top": "999"}


async def test_members_of_unknown_kind_are_not_counted_out(entra: Entra, graph: Graph) -> None:
    graph.fail(answering(200, {"value": [{"id": "a"}]}))
    with pytest.raises(TenantUnavailable, match="which are people"):
        await entra.group_members(GROUP)


async def test_absent_group_is_not_an_empty_one(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(404, "Request_ResourceNotFound"))
    with pytest.raises(TenantRefused):
        await entra.group_members(GROUP)
    with pytest.raises(TenantRefused, match="object id"):
        await entra.group_members("partner-admins")
    assert len(graph.seen) == 1


# --- Surroundings ---------------------------------------------------------------------------------------------------


async def test_surroundings_are_read_as_graph_shows_them(entra: Entra, graph: Graph) -> None:
    around: Surroundings = entra.surroundings
    assert "woodgrove.com" in await around.verified_domains()
    assert (await around.read_access_policy())["allowedCloudEndpoints"] == []
    assert (await around.read_authorization())["allowInvitesFrom"] == "adminsAndGuestInviters"
    assert (await around.read_sharepoint())["sharingCapability"] == "externalUserAndGuestSharing"
    policy, *_ = await around.read_conditional_access()
    assert policy["grantControls"]["builtInControls"] == ["mfa"]
    assert {method for method, _ in graph.calls} == {"GET"}


async def test_a_tenant_without_domains_was_not_told(entra: Entra, graph: Graph) -> None:
    graph.fail(answering(200, {"value": [{"id": GROUP, "verifiedDomains": [None, {"name": ""}]}]}))
    with pytest.raises(TenantUnavailable, match="own domains"):
        await entra.surroundings.verified_domains()


async def test_conditional_access_is_read_once_a_minute_and_once_a_second(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten requests at once read it once; when the minute is over it is read again, a second after the last time."""
    monkeypatch.setattr(entra.surroundings, "_conditional_access", Pace(1, 0.3))
    found = await asyncio.gather(*(entra.surroundings.read_conditional_access() for _ in range(10)))
    assert len(graph.seen) == 1
    assert all(rows == found[0] for rows in found)
    monkeypatch.setattr(workflows.entra.surroundings, "_REMEMBERED_SECONDS", 0.0)
    started = time.monotonic()
    await entra.surroundings.read_conditional_access()
    assert time.monotonic() - started > 0.25
    assert len(graph.seen) == 2


async def test_conditional_access_that_is_throttled_is_not_repeated(entra: Entra, graph: Graph) -> None:
    """It answers 429 without Retry-After, and every repetition counts against one request a second."""
    graph.fail(refusing(429, "TooManyRequests"))
    with pytest.raises(TenantUnavailable) as throttled:
        await entra.surroundings.read_conditional_access()
    assert throttled.value.is_throttled
    assert len(graph.seen) == 1


QUESTION: Final = Question(
    tenant_id=CONTOSO, visitor=Visitor.GUEST, application="Office365", client=Client.BROWSER, user_risk="high"
)


async def test_a_sign_in_is_evaluated_as_microsoft_describes_it(entra: Entra, graph: Graph) -> None:
    """The SDK's models read the body as what it is; every policy comes back, with whether it applies."""
    rows = await entra.surroundings.evaluate_access(QUESTION)
    applies = {row["displayName"]: (row["policyApplies"], row["analysisReasons"]) for row in rows}
    assert applies["Require MFA for guests"] == (True, "notSet")
    assert applies["Block synchronized members"] == (False, "policyNotEnabled")
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
    assert {one.value for one in Visitor} < {one.value for one in ConditionalAccessGuestOrExternalUserTypes}


async def test_an_evaluation_is_remembered_and_shares_one_request_a_second_with_the_policies(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entra.surroundings, "_conditional_access", Pace(1, 0.3))
    ask, around = entra.surroundings.evaluate_access, entra.surroundings
    started = time.monotonic()
    found = await asyncio.gather(around.read_conditional_access(), *(ask(QUESTION) for _ in range(10)))
    await ask(replace(QUESTION, visitor=Visitor.MEMBER))
    assert time.monotonic() - started > 0.55
    assert len(graph.seen) == 3
    assert all(rows == found[1] for rows in found[1:])


async def test_the_list_of_policies_passes_evaluations_that_queue(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every plan needs the list; it must not wait for the evaluations of all the others."""
    monkeypatch.setattr(entra.surroundings, "_conditional_access", Pace(1, 0.05))
    around = entra.surroundings
    levels = [replace(QUESTION, application=f"app-{number}") for number in range(6)]
    queue = [asyncio.create_task(around.evaluate_access(one)) for one in levels]
    await asyncio.sleep(0.01)
    await around.read_conditional_access()
    assert len(graph.seen) <= 3
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
async def test_an_evaluation_that_is_not_whole_is_none(entra: Entra, graph: Graph, body: Any) -> None:
    graph.fail(answering(200, body))
    with pytest.raises(TenantUnavailable):
        await entra.surroundings.evaluate_access(QUESTION)
    assert len(await entra.surroundings.evaluate_access(QUESTION)) > 1, "a failure is not remembered"


async def test_an_evaluation_that_is_throttled_is_not_repeated(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(429, "TooManyRequests"))
    with pytest.raises(TenantUnavailable) as throttled:
        await entra.surroundings.evaluate_access(QUESTION)
    assert throttled.value.is_throttled
    assert "read back" not in throttled.value.reason, "it changes nothing"
    assert len(graph.seen) == 1


async def test_our_own_objects_are_named_by_key(entra: Entra, graph: Graph) -> None:
    """Each kind at its own address; what is not there is None, an application by its application id."""
    name = entra.surroundings.name_of
    portal, project = seed.APPLICATIONS[0], seed.PROJECT_GROUPS[0]
    user = seed.PEOPLE[0]
    assert await name(Target(type=TargetType.APPLICATION, id=portal.app_id)) == portal.name
    assert await name(Target(type=TargetType.GROUP, id=project[0])) == project[2]
    assert await name(Target(type=TargetType.USER, id=str(user.entra_id))) == user.name
    assert [one.path for one in graph.seen] == [
        f"/servicePrincipals(appId='{portal.app_id}')",
        f"/groups/{project[0]}",
        f"/users/{user.entra_id}",
    ]
    assert all(one.query["$select"] == "id,displayName" for one in graph.seen)
    for kind in TargetType:
        assert await name(Target(type=kind, id=GROUP)) is None
        assert await name(Target(type=kind, id="AllUsers")) is None


async def test_an_object_that_cannot_be_read_is_never_absent(entra: Entra, graph: Graph) -> None:
    target = Target(type=TargetType.APPLICATION, id=GROUP)
    graph.stand_in.merge({"appRoles": ["Policy.Read.All"]})
    with pytest.raises(TenantRefused, match=r"needs the permission Application\.Read\.All"):
        await entra.surroundings.name_of(target)
    graph.fail(answering(404, "<html>a proxy</html>"))
    with pytest.raises(TenantUnavailable):
        await entra.surroundings.name_of(target)
    graph.fail(answering(200, {}))
    with pytest.raises(TenantUnavailable, match="names nothing"):
        await entra.surroundings.name_of(target)
    graph.fail(answering(200, {"id": GROUP, "displayName": None}))
    assert await entra.surroundings.name_of(target) == "(no name)"


async def test_names_are_remembered_for_a_minute_and_absence_for_less(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often somebody looks, and however many look at once; judging asks anew, and is remembered too."""
    around, (group, _, called, *_) = entra.surroundings, seed.PROJECT_GROUPS[0]
    named, absent = Target(type=TargetType.GROUP, id=group), Target(type=TargetType.USER, id=GROUP)
    for _ in range(3):
        assert await asyncio.gather(*(around.name_of(named) for _ in range(5))) == [called] * 5
        assert await around.name_of(absent) is None
    assert len(graph.seen) == 2
    assert await around.name_of(absent, fresh=True) is None
    graph.fail(answering(200, {"id": group, "displayName": "Renamed"}))
    assert await around.name_of(named, fresh=True) == "Renamed"
    assert await around.name_of(named) == "Renamed"
    assert len(graph.seen) == 4
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + 15)
    monkeypatch.setattr(workflows.entra.lately, "time", later)
    assert (await around.name_of(named), await around.name_of(absent)) == ("Renamed", None)
    assert [one.path for one in graph.seen[4:]] == [f"/users/{GROUP}"], "absence for ten seconds only"


async def test_an_impatient_look_leaves_its_answer_to_the_next_and_a_failure_to_nobody(
    entra: Entra, graph: Graph
) -> None:
    around, target = entra.surroundings, Target(type=TargetType.GROUP, id=seed.PROJECT_GROUPS[0][0])
    graph.fail(slow)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await around.name_of(target)
    assert await around.name_of(target) == seed.PROJECT_GROUPS[0][2]
    assert len(graph.seen) == 1
    graph.fail(refusing(403), refusing(403))
    for _ in range(2):
        with pytest.raises(TenantRefused):
            await around.name_of(Target(type=TargetType.GROUP, id=GROUP))
    assert len(graph.seen) == 3


async def test_no_more_than_so_many_names_are_remembered(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entra.surroundings._names, "most", 2)
    first, *others = (Target(type=TargetType.USER, id=f"{n:08d}-0000-4000-8000-000000000001") for n in range(3))
    for target in (first, *others, *others, first):
        assert await entra.surroundings.name_of(target) is None
    assert len(graph.seen) == 4, "the first was forgotten"


async def test_sign_ins_are_counted_by_people_and_applications(entra: Entra, graph: Graph) -> None:
    since = datetime.now(UTC) - timedelta(days=30)
    found = await entra.surroundings.read_sign_ins(CONTOSO, since)
    assert found == SignIns(people=2, applications=("SharePoint Online",), is_complete=True)
    assert graph.seen[0].query["$filter"] == (
        f"homeTenantId eq '{CONTOSO}' and createdDateTime ge {since:%Y-%m-%dT%H:%M:%SZ}"
    )
    assert await entra.surroundings.read_sign_ins(TenantId(GROUP), since) == SignIns(
        people=0, applications=(), is_complete=True
    )


async def test_sign_ins_beyond_a_few_pages_are_at_least_so_many(entra: Entra, graph: Graph) -> None:
    """Reports take five requests in ten seconds: the rest is not counted, and the failed ones never are."""
    rows = [
        {"id": "1", "userId": "a", "appDisplayName": "X", "status": {"errorCode": 0}},
        {"id": "2", "userId": "b", "appDisplayName": None, "status": {"errorCode": 0}},
        {"id": "3", "userId": "c", "appDisplayName": "Y", "status": {"errorCode": 53003}},
        {"id": "4", "userId": "d", "appDisplayName": "Z", "status": None},
    ]
    graph.fail(
        *(answering(200, {"value": rows, "@odata.nextLink": f"{graph.url}/auditLogs/signIns?p={n}"}) for n in range(9))
    )
    found = await entra.surroundings.read_sign_ins(CONTOSO, datetime.now(UTC))
    assert found == SignIns(people=2, applications=("X", "an application without a name"), is_complete=False)
    assert len(graph.seen) == 2


async def test_our_own_peoples_sign_ins_at_a_partner_are_asked_for_by_both_tenants(entra: Entra, graph: Graph) -> None:
    home = await entra.home()
    since = datetime.now(UTC) - timedelta(days=30)
    found = await entra.surroundings.read_sign_ins(CONTOSO, since, home=home)
    assert found.is_complete
    assert graph.seen[-1].query["$filter"] == (
        f"homeTenantId eq '{home}' and resourceTenantId eq '{CONTOSO}' and createdDateTime ge "
        f"{since:%Y-%m-%dT%H:%M:%SZ}"
    )


async def test_a_missing_permission_names_the_one_to_grant(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(403, "Authorization_RequestDenied"))
    with pytest.raises(TenantRefused, match=r"AuditLog\.Read\.All"):
        await entra.surroundings.read_sign_ins(CONTOSO, datetime.now(UTC))


# --- Once more ------------------------------------------------------------------------------------------------------


async def test_a_read_on_a_connection_that_was_dropped_is_sent_once_more(entra: Entra, graph: Graph) -> None:
    """A kept connection may have been closed at the other end while nothing was said on it."""
    graph.fail(reset)
    assert await entra.read_partner(CONTOSO) is None
    assert [one.method for one in graph.seen] == ["GET", "GET"]
    graph.fail(reset, reset)
    with pytest.raises(TenantUnavailable, match="broke on the way"):
        await entra.read_partner(CONTOSO)


async def test_a_write_on_a_connection_that_was_dropped_is_not_repeated(entra: Entra, graph: Graph) -> None:
    graph.fail(reset)
    with pytest.raises(TenantUnavailable, match="outcome is unknown"):
        await entra.write(adding())
    assert len(graph.seen) == 1


@pytest.mark.parametrize("header", [{}, {"WWW_Authenticate": 'Bearer error="invalid_token"'}])
async def test_a_refused_token_is_dropped_once(entra: Entra, graph: Graph, header: dict[str, str]) -> None:
    """401 without a claims challenge: the cached token is of no use any more, and nothing was done with it."""
    await entra.home()
    graph.fail(refusing(401, "InvalidAuthenticationToken", **header))
    await entra.write(adding())
    first, refused, second = (one.headers["authorization"] for one in graph.seen)
    assert first == refused != second
    assert [one.method for one in graph.seen[1:]] == ["POST", "POST"]


async def test_a_token_that_is_refused_again_is_a_refusal(entra: Entra, graph: Graph) -> None:
    graph.fail(refusing(401), refusing(401))
    with pytest.raises(TenantRefused, match="Check the bot's credentials"):
        await entra.read_partner(CONTOSO)
    assert len(graph.seen) == 2


async def test_ten_refusals_of_one_token_get_one_new_token(
    entra: Entra, graph: Graph, authority: TokenAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    await entra.home()
    issued: list[str] = []
    issue = authority.issue

    def counted() -> str:
        issued.append(issue())
        return issued[-1]

    monkeypatch.setattr(authority, "issue", counted)
    graph.fail(*[refusing(401)] * 10)
    await asyncio.gather(*(entra.read_partner(CONTOSO) for _ in range(10)))
    assert len(issued) == 1


# --- Synchronization policies ---------------------------------------------------------------------------------------


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


# --- What stays behind ---------------------------------------------------------------------------------------------


async def test_log_lines_hold_no_bodies_tokens_or_people(entra: Entra, graph: Graph) -> None:
    with structlog.testing.capture_logs() as lines:
        await entra.write(adding(inboundTrust={"isMfaAccepted": True}))
        await entra.accounts_by_mail(["admin@woodgrove.com"])
        graph.fail(reset, reset)
        with pytest.raises(TenantUnavailable):
            await entra.read_partner(CONTOSO)
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("POST", PARTNERS, 201),
        ("GET", "/users", 200),
        ("GET", f"{PARTNERS}/{CONTOSO}", None),
    ]
    assert lines[0]["request_id"]
    assert lines[0]["client_request_id"] == graph.seen[0].headers["client-request-id"]
    text = repr(lines)
    for secret in (SECRET, graph.seen[0].headers["authorization"].split()[1], "isMfaAccepted", "admin@", "admin%40"):
        assert secret not in text


async def test_close_closes_the_connections(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    entra = connect(EntraSettings(graph_url=graph.url, authority_host=authority.url))
    await entra.warm()
    pool: Any = entra._connection._client._transport.transport._pool  # type: ignore[attr-defined]
    assert len(pool.connections) == 1
    await entra.close()
    assert pool.connections == []


async def test_first_click_does_not_hold_the_event_loop(entra: Entra, graph: Graph) -> None:
    await entra.warm()
    holds: list[float] = []

    async def beat() -> None:
        while True:
            # The loop's own computing, not the machine's: other processes' pauses are not ours.
            before = time.thread_time()
            await asyncio.sleep(0.001)
            holds.append(time.thread_time() - before)

    gc.collect()
    gc.freeze()  # what other tests of this process left behind is not ours to look through either
    heart = asyncio.create_task(beat())
    await asyncio.sleep(0.01)
    found = await entra.find("contoso.com")
    assert found is not None
    await entra.read_partner(found.tenant_id)
    around = entra.surroundings
    await asyncio.gather(
        entra.read_default(),
        entra.accounts_by_mail(["admin@woodgrove.com"]),
        entra.group_members(next(iter(graph.stand_in.state()["groups"]))),
        around.verified_domains(),
        around.read_access_policy(),
        around.read_authorization(),
        around.read_sharepoint(),
        around.read_conditional_access(),
        around.evaluate_access(QUESTION),
        around.read_sign_ins(CONTOSO, datetime.now(UTC)),
        # Each kind has builders of its own in the SDK, loaded on their first use.
        *(around.name_of(Target(type=kind, id=GROUP)) for kind in TargetType),
        *(around.find_by_name(kind, "Bridge project", 5) for kind in TargetType),
    )
    heart.cancel()
    gc.unfreeze()
    assert holds
    # Seconds. The SDK's own models take a second on their first use; no answer is read through them.
    assert max(holds) < 0.05


async def test_our_own_objects_are_found_by_name_and_by_what_begins_so(entra: Entra, graph: Graph) -> None:
    """Quotes are doubled; what is exactly so comes first; hidden memberships are nobody's to search."""
    find = entra.surroundings.find_by_name
    hidden = {"visibility": "HiddenMembership", "groupTypes": ["Unified"]}
    pilot = seed.PROJECT_GROUPS[1][0]
    groups = {"11111111-0000-4000-8000-000000000001": "Pilot", "11111111-0000-4000-8000-000000000002": "O'Neil's & co"}
    for group_id, name in groups.items():
        known = graph.stand_in.state()["groups"][pilot]
        graph.stand_in.merge({"groups": {group_id: {**known, "id": group_id, "displayName": name, "members": []}}})
    [bridge] = await find(TargetType.GROUP, "bridge PROJECT", 5)
    assert (bridge.id, bridge.name, bridge.kind) == (seed.PROJECT_GROUPS[0][0], "Bridge project", "security group")
    assert [one.name for one in await find(TargetType.GROUP, "Pilot", 5)] == ["Pilot"]
    assert [one.name for one in await find(TargetType.GROUP, "Pil", 5)] == ["Pilot", "Pilot users"]
    assert [one.name for one in await find(TargetType.GROUP, "Pil", 1)] == ["Pilot"]
    assert [one.name for one in await find(TargetType.GROUP, "O'Neil's & co", 5)] == ["O'Neil's & co"]
    graph.stand_in.merge({"groups": {pilot: hidden}})
    assert [one.name for one in await find(TargetType.GROUP, "Pil", 5)] == ["Pilot"]
    assert await find(TargetType.GROUP, "Pilot users", 5) == []
    [person] = await find(TargetType.USER, "admin@woodgrove.com", 5)
    assert (person.name, person.kind, person.mail) == ("Dana Reyes", "member", "admin@woodgrove.com")
    [portal] = await find(TargetType.APPLICATION, seed.APPLICATIONS[0].name, 5)
    assert portal.id == seed.APPLICATIONS[0].app_id
    assert all(one.method == "GET" and one.query["$top"] == "25" for one in graph.seen)
    graph.stand_in.merge({"appRoles": ["Policy.Read.All"]})
    with pytest.raises(TenantRefused, match=r"needs the permission GroupMember\.Read\.All"):
        await find(TargetType.GROUP, "Bridge project", 5)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": True}, "Microsoft 365 group"),
        ({"groupTypes": [], "mailEnabled": True, "securityEnabled": True}, "mail-enabled security group"),
        ({"groupTypes": None, "mailEnabled": True, "securityEnabled": False}, "distribution list"),
        ({"groupTypes": [], "mailEnabled": False, "securityEnabled": True}, "security group"),
        ({}, "security group"),
    ],
)
def test_what_kind_of_group_was_found_is_told(row: dict[str, Any], kind: str) -> None:
    assert found_objects(TargetType.GROUP, [{"id": "A", "displayName": None, **row}]) == [
        FoundObject(id="a", name="(no name)", mail="", kind=kind)
    ]
