"""How the gateway proves who it is: tokens, certificates, and what is said where there are none."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from bot.sandbox import seed
from bot.sandbox.entra import TokenAuthority
from tests.workflows.entra.simulated_tenant import (
    CONTOSO,
    Graph,
    adding,
    refusing,
)
from workflows.entra import Entra, EntraSettings, connect
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable


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
    with pytest.raises(TenantRefused, match="credentials_refused") as refused:
        await entra.read_partner(CONTOSO)
    assert (refused.value.status, refused.value.code) == (401, "AADSTS7000215")
    assert graph.seen == []
    await entra.close()


async def test_unreachable_authority_is_unavailable(graph: Graph, environment: pytest.MonkeyPatch) -> None:
    entra = connect(EntraSettings(graph_url=graph.url, authority_host="https://127.0.0.1:9"))
    with pytest.raises(TenantUnavailable, match="no_token"):
        await entra.write(adding())
    assert await entra.warm() is not None
    assert graph.seen == []
    await entra.close()


@pytest.mark.threats("F12")
async def test_authority_with_an_unknown_certificate_is_unavailable(
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
    monkeypatch.setattr(
        authority, "_error_response", lambda _: web.json_response({"error": "server_error"}, status=503)
    )
    monkeypatch.setattr(authority, "client_secret", "rotated")
    with pytest.raises(TenantUnavailable):
        await entra.home()


async def test_no_credentials_is_said_in_words(graph: Graph, environment: pytest.MonkeyPatch) -> None:
    environment.delenv("AZURE_CLIENT_SECRET")
    # Without this the machine's own metadata service would be asked for a managed identity.
    environment.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    entra = connect(EntraSettings(graph_url=graph.url))
    with pytest.raises(TenantUnavailable, match="no_credentials"):
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
