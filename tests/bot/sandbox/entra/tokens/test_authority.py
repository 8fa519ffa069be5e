"""The token endpoint, met by azure-identity as the bot meets Microsoft's."""

import asyncio
import base64
import json
import ssl
import stat
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential as BlockingCredential
from azure.identity.aio import ClientSecretCredential

from bot.sandbox import seed
from bot.sandbox.entra import Application, TokenAuthority
from tests.waiting import killed_when_it_hangs

SECRET = "s3cret~value"
SCOPE = "https://graph.microsoft.com/.default"


@pytest.fixture
async def authority(tmp_path: Path) -> AsyncIterator[TokenAuthority]:
    made = TokenAuthority(
        tenant_id=seed.HOME_TENANT_ID,
        client_id=seed.APP_CLIENT_ID,
        client_secret=SECRET,
        now=lambda: datetime(2030, 1, 1, tzinfo=UTC),
    )
    await made.start(tmp_path)
    yield made
    await made.stop()


def _credential(authority: TokenAuthority, **changed: str) -> ClientSecretCredential:
    given = {"tenant_id": seed.HOME_TENANT_ID, "client_id": seed.APP_CLIENT_ID, "client_secret": SECRET, **changed}
    return ClientSecretCredential(
        **given,
        authority=authority.url,
        connection_verify=str(authority.ca_file),
        disable_instance_discovery=True,
    )


def test_before_the_start_there_is_no_address() -> None:
    authority = TokenAuthority(tenant_id="t", client_id="c", client_secret="s", now=lambda: datetime.now(UTC))
    with pytest.raises(RuntimeError):
        _ = authority.url
    with pytest.raises(RuntimeError):
        _ = authority.ca_file


async def test_azure_identity_gets_a_token_that_is_accepted(authority: TokenAuthority) -> None:
    async with _credential(authority) as credential:
        token = (await credential.get_token(SCOPE, enable_cae=True)).token
    assert authority.accepts(token)
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["aud"] == "https://graph.microsoft.com"
    assert (claims["tid"], claims["appid"]) == (seed.HOME_TENANT_ID, seed.APP_CLIENT_ID)
    assert "Policy.ReadWrite.CrossTenantAccess" in claims["roles"]


async def test_claims_ask_for_a_new_token(authority: TokenAuthority) -> None:
    async with _credential(authority) as credential:
        first = await credential.get_token(SCOPE)
        assert (await credential.get_token(SCOPE)).token == first.token
        other = await credential.get_token(SCOPE, claims='{"access_token": {"nbf": {"essential": true}}}')
    assert other.token != first.token
    assert authority.accepts(other.token)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"client_secret": "wrong"}, "AADSTS7000215"),
        ({"client_id": "00000000-0000-4000-8000-000000000000"}, "AADSTS700016"),
        ({"tenant_id": "00000000-0000-4000-8000-000000000000"}, "AADSTS90002"),
    ],
)
async def test_azure_identity_is_refused(authority: TokenAuthority, changed: dict[str, str], says: str) -> None:
    async with _credential(authority, **changed) as credential:
        with pytest.raises(ClientAuthenticationError, match=says):
            await credential.get_token(SCOPE)


async def test_the_blocking_credential_finds_its_configuration(authority: TokenAuthority) -> None:
    with BlockingCredential(
        seed.HOME_TENANT_ID,
        seed.APP_CLIENT_ID,
        SECRET,
        authority=authority.url,
        connection_verify=str(authority.ca_file),
        disable_instance_discovery=True,
    ) as credential:
        token = await asyncio.to_thread(credential.get_token, SCOPE)
    assert authority.accepts(token.token)


CHILD = f"""
import asyncio
from azure.identity.aio import EnvironmentCredential

async def main():
    async with EnvironmentCredential(disable_instance_discovery=True) as credential:
        print((await credential.get_token({SCOPE!r})).token)

asyncio.run(main())
"""


async def test_a_child_process_needs_only_its_environment(authority: TokenAuthority) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILD,
        env={
            "AZURE_TENANT_ID": seed.HOME_TENANT_ID,
            "AZURE_CLIENT_ID": seed.APP_CLIENT_ID,
            "AZURE_CLIENT_SECRET": SECRET,
            "AZURE_AUTHORITY_HOST": authority.url,
            "SSL_CERT_FILE": str(authority.ca_file),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    with killed_when_it_hangs(child):
        out, err = await child.communicate()
    assert child.returncode == 0, err.decode()
    assert authority.accepts(out.decode().strip())


FORM = {
    "grant_type": "client_credentials",
    "client_id": seed.APP_CLIENT_ID,
    "client_secret": SECRET,
    "scope": SCOPE,
}


@pytest.mark.parametrize(
    ("changed", "status", "error", "number"),
    [
        ({}, 200, None, None),
        ({"scope": "00000003-0000-0000-c000-000000000000/.default"}, 200, None, None),
        ({"scope": "http://127.0.0.1:4000/.default"}, 200, None, None),
        ({"claims": "{}"}, 200, None, None),
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": "wröng"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_id": "x"}, 400, "unauthorized_client", 700016),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": "User.Read"}, 400, "invalid_scope", 1002012),
        ({"scope": ""}, 400, "invalid_scope", 1002012),
        ({"scope": "https://vault.azure.net/.default"}, 400, "invalid_resource", 500011),
        ({"scope": "https://[/.default"}, 400, "invalid_resource", 500011),
    ],
)
async def test_forms(
    authority: TokenAuthority, changed: dict[str, str], status: int, error: str | None, number: int | None
) -> None:
    seen, body = await _post(authority, f"/{seed.HOME_TENANT_ID}/oauth2/v2.0/token", FORM | changed)
    assert (seen, body.get("error")) == (status, error)
    assert body.get("error_codes", [None])[0] == number
    if error is not None:
        assert body["error_description"].startswith(f"AADSTS{number}: ")
        assert body["timestamp"] == "2030-01-01 00:00:00Z"


async def test_discovery(authority: TokenAuthority) -> None:
    context = ssl.create_default_context(cafile=str(authority.ca_file))
    numeric = authority.url.replace("localhost", "127.0.0.1")
    async with aiohttp.ClientSession() as session:
        path = f"/{seed.HOME_TENANT_ID}/v2.0/.well-known/openid-configuration"
        async with session.get(numeric + path, ssl=context) as response:
            found = await response.json()
        assert found["token_endpoint"] == f"{authority.url}/{seed.HOME_TENANT_ID}/oauth2/v2.0/token"
        async with session.get(f"{authority.url}/common/discovery/instance", ssl=context) as response:
            assert (await response.json())["tenant_discovery_endpoint"].startswith(authority.url)
        async with session.get(f"{authority.url}/x/v2.0/.well-known/openid-configuration", ssl=context) as response:
            assert response.status == 400


async def test_an_unknown_client_does_not_trust_the_certificate(authority: TokenAuthority) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(authority.url)


@pytest.mark.parametrize("token", ["", "x", "..", "a.b.c", "é.ü.ö", "\ud800"])
async def test_tokens_that_are_not_ours(authority: TokenAuthority, token: str) -> None:
    assert not authority.accepts(token)


async def test_tokens_expire_and_die_with_their_authority(authority: TokenAuthority) -> None:
    assert not authority.accepts(authority.issue(lifetime_seconds=-1))
    other = TokenAuthority(tenant_id="t", client_id="c", client_secret="s", now=lambda: datetime.now(UTC))
    assert not authority.accepts(other.issue())
    head, payload, signature = authority.issue().split(".")
    assert not authority.accepts(f"{head}.{payload}x.{signature}")


async def test_the_certificate_file_is_private(authority: TokenAuthority) -> None:
    assert stat.S_IMODE(authority.ca_file.stat().st_mode) == 0o600
    assert "PRIVATE" not in authority.ca_file.read_text()


async def _post(authority: TokenAuthority, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    context = ssl.create_default_context(cafile=str(authority.ca_file))
    async with (
        aiohttp.ClientSession() as session,
        session.post(authority.url + path, data=form, ssl=context) as response,
    ):
        return response.status, await response.json()


async def test_another_application_has_its_own_secret_and_permissions(tmp_path: Path) -> None:
    other = Application(client_id=seed.GUESTS_CLIENT_ID, client_secret="its own", roles=lambda: ("User.Read.All",))
    authority = TokenAuthority(
        tenant_id=seed.HOME_TENANT_ID,
        client_id=seed.APP_CLIENT_ID,
        client_secret=SECRET,
        now=lambda: datetime.now(UTC),
        others=(other,),
    )
    await authority.start(tmp_path)
    try:
        path = f"/{seed.HOME_TENANT_ID}/oauth2/v2.0/token"
        form = {**FORM, "client_id": seed.GUESTS_CLIENT_ID.upper(), "client_secret": "its own"}
        status, body = await _post(authority, path, form)
        assert status == 200
        payload = body["access_token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert (claims["appid"], claims["roles"]) == (seed.GUESTS_CLIENT_ID, ["User.Read.All"])
        assert authority.accepts(body["access_token"])
        for wrong in ({**form, "client_secret": SECRET}, {**FORM, "client_secret": "its own"}):
            status, body = await _post(authority, path, wrong)
            assert (status, body["error_codes"]) == (401, [7000215])
        assert authority.secret_of(seed.GUESTS_CLIENT_ID) == "its own"
    finally:
        await authority.stop()
