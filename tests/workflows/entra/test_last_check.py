"""What may leave: writes of the list to our own service, with a token of our own tenant. Over real sockets."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from bot.sandbox import seed
from bot.sandbox.entra import TokenAuthority
from bot.sandbox.entra.tenant import initial_state
from tests.workflows.core.builders import NOW
from tests.workflows.entra.guest_accounts.conftest import APPLICATION, add_guests
from tests.workflows.entra.simulated_tenant import CONTOSO, FABRIKAM, PARTNERS, Graph, adding, changing, refusing
from workflows.core.errors.tenant_problems import Purpose, TenantCode
from workflows.core.policy.stops.permissions import FOR_GUESTS, OPTIONAL, REQUIRED
from workflows.entra import Entra, EntraSettings, connect, connect_guest_accounts
from workflows.entra.answers.answers import GraphCall
from workflows.entra.guest_accounts.request_guard import request_guard
from workflows.entra.transport.outgoing import RequestNotAllowed
from workflows.entra.transport.write_guard import write_guard
from workflows.ports.tenant import SurplusPermissions, TenantUnavailable, WrongTenant

ROOT: Final = "https://graph.microsoft.com/v1.0"
OTHER: Final = "0c0ffee0-1111-4aaa-8bbb-0123456789a1"
GUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
CHALLENGE: Final = 'Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="'
HOW: Final = {
    "new partner": ("POST", "", {"tenantId": CONTOSO}),
    "partner": ("PATCH", "/{id}", {"inboundTrust": None}),
    "new synchronization": ("PUT", "/{id}/identitySynchronization", {"displayName": None}),
    "synchronization": ("PATCH", "/{id}/identitySynchronization", {"displayName": None}),
}
"""Every write of a plan, apart from those of capabilities: method, address below the partners, a body."""


def token(**claims: object) -> str:
    """Return a token with these claims, which nobody has signed."""
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{part}.x"


def request(method: str, url: str, body: object = None, **claims: object) -> httpx.Request:
    """Return a request as it leaves."""
    headers = {"authorization": f"Bearer {token(**claims)}"} if claims else {}
    return httpx.Request(method, url, json=body, headers=headers)


@given(st.sampled_from(sorted(HOW)), st.from_regex(GUID, fullmatch=True))
def test_every_write_of_a_plan_may_leave(name: str, partner: str) -> None:
    method, address, body = HOW[name]
    write_guard(ROOT, CONTOSO)(request(method, f"{ROOT}{PARTNERS}{address.format(id=partner)}", body, tid=CONTOSO))


@given(
    st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "GET", "MERGE", "TRACE"]),
    st.sampled_from(
        ["https://graph.microsoft.com/v1.0", "https://graph.microsoft.com/beta", "https://evil.example/v1.0"]
    )
    | st.just("http://graph.microsoft.com/v1.0")
    | st.just("https://graph.microsoft.com.evil.example/v1.0")
    | st.just("https://graph.microsoft.com:8443/v1.0"),
    st.sampled_from(
        [
            *(
                "/policies/crossTenantAccessPolicy",
                "/policies/crossTenantAccessPolicy/default",
                "/organization",
                "/users",
            ),
            *(
                PARTNERS,
                f"{PARTNERS}/{CONTOSO}",
                f"{PARTNERS}/{CONTOSO.upper()}",
                f"{PARTNERS}/{CONTOSO}/../../default",
            ),
            *(f"{PARTNERS}/{CONTOSO}/identitySynchronization", f"{PARTNERS}/{CONTOSO}/tenantRestrictions"),
            *(
                f"{PARTNERS}/%2e%2e/default",
                f"{PARTNERS}/contoso.com",
                f"{PARTNERS}/{CONTOSO}/identitySynchronization/x",
            ),
            *("/policies/authorizationPolicy", f"/users/{CONTOSO}", "/invitations", f"{PARTNERS}//{CONTOSO}"),
        ]
    ),
    st.sampled_from(["", "?$select=id", "?api=1"]),
)
def test_everything_else_is_refused(method: str, root: str, path: str, query: str) -> None:
    """Whatever is not a read of our service and not a write of the list raises before a connection is opened."""
    allowed = {(how, f"{PARTNERS}{address.format(id=CONTOSO)}") for how, address, _ in HOW.values()}
    is_read = method == "GET" and root == ROOT
    sent = request(method, f"{root}{path}{query}", None if method == "GET" else {"tenantId": CONTOSO}, tid=CONTOSO)
    if is_read or (root == ROOT and not query and (method, path) in allowed):
        write_guard(ROOT, CONTOSO)(sent)
        return
    with pytest.raises(RequestNotAllowed):
        write_guard(ROOT, CONTOSO)(sent)


@given(st.lists(st.sampled_from(sorted(HOW)), min_size=1, max_size=20), st.integers(0, 19))
def test_each_member_of_a_batch_is_looked_at(names: list[str], place: int) -> None:
    def row(number: int, method: str, url: str, body: object) -> dict[str, object]:
        headers = {"Content-Type": "application/json", "client-request-id": str(number)}
        return {"id": str(number), "method": method, "url": url, "headers": headers, "body": body}

    rows = [
        row(number, HOW[name][0], f"{PARTNERS}{HOW[name][1].format(id=CONTOSO)}", HOW[name][2])
        for number, name in enumerate(names)
    ]
    check, address = write_guard(ROOT, CONTOSO), f"{ROOT}/$batch"
    check(request("POST", address, {"requests": rows}, tid=CONTOSO))
    with pytest.raises(WrongTenant):
        check(request("POST", address, {"requests": rows}, tid=OTHER))
    rows[place % len(rows)] |= {"method": "DELETE"}
    with pytest.raises(RequestNotAllowed):
        check(request("POST", address, {"requests": rows}, tid=CONTOSO))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", f"{PARTNERS}/{CONTOSO}"),
        ("PATCH", "/policies/crossTenantAccessPolicy/default"),
        ("POST", "/invitations"),
        ("PATCH", f"/users/{CONTOSO}"),
    ],
)
async def test_a_write_that_is_not_on_the_list_opens_no_socket(
    entra: Entra, graph: Graph, method: str, path: str
) -> None:
    """Whoever made the request: here it is given to the connection itself."""
    await entra.home()
    graph.seen.clear()
    sent = RequestInformation(Method(method), f"{{+baseurl}}{path}", {})
    sent.set_stream_content(b"{}", "application/json")
    call = GraphCall(method=method, path=path, purpose=Purpose.CHANGE_PARTNER, permission="")
    with pytest.raises(RequestNotAllowed):
        await entra._connection.send(call, sent)
    assert graph.seen == []


# --- tokens ---


@asynccontextmanager
async def connected(graph: Graph, authority: TokenAuthority, **settings: Any) -> AsyncIterator[Entra]:
    """Return the bot's gateway for our tenant with these settings."""
    entra = connect(
        EntraSettings(graph_url=graph.url, authority_host=authority.url, tenant_id=seed.HOME_TENANT_ID, **settings)
    )
    yield entra
    await entra.close()


@pytest.mark.threats("F11")
async def test_a_token_of_another_tenant_writes_nothing_alone_or_together_and_no_guest(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    """Graph answers for our tenant when it is asked. Later a token is of another one: nothing is sent with it."""
    people = add_guests(graph, 1)
    async with connected(graph, authority) as entra:
        settings = EntraSettings(
            graph_url=graph.url, authority_host=authority.url, tenant_id=seed.HOME_TENANT_ID, application=APPLICATION
        )
        accounts = connect_guest_accounts(settings, lambda: NOW)
        await entra.home()
        await accounts.read(people)
        graph.seen.clear()
        environment.setattr(authority, "_signed", lambda *_: signed(authority))
        for connection in (entra._connection, accounts._connection):
            await connection._credential.forget(connection._credential._last_token)
        with pytest.raises(WrongTenant):
            await entra.write(adding())
        together = await entra.write_together([changing(CONTOSO), changing(FABRIKAM)])
        assert {type(one) for one in together} == {WrongTenant}
        with pytest.raises(WrongTenant):
            await accounts.set_enabled(people, is_enabled=False)
        await accounts.close()
    assert [one for one in graph.seen if one.method != "GET"] == []


def signed(authority: TokenAuthority) -> str:
    """Return a token of another tenant that the simulated Graph accepts, so that only we can refuse it."""
    from bot.sandbox.entra.tokens.signed_tokens import signed_token

    roles = initial_state.APP_ROLES
    return signed_token(authority._key, tenant_id=OTHER, client_id="x", lifetime=3600, roles=roles)


@pytest.mark.threats("F11")
async def test_a_claims_challenge_is_answered_once_with_a_new_token_and_the_second_holds(
    entra: Entra, graph: Graph
) -> None:
    await entra.home()
    graph.seen.clear()
    challenge = refusing(401, "InvalidAuthenticationToken", WWW_Authenticate=CHALLENGE)
    graph.fail(challenge)
    await entra.write(adding())
    first, second = graph.seen
    assert (first.body, first.headers["authorization"] != second.headers["authorization"]) == (second.body, True)
    graph.seen.clear()
    graph.fail(challenge, challenge)
    with pytest.raises(TenantUnavailable) as held:
        await entra.write(changing())
    assert held.value.facts[0].code == TenantCode.TOKEN_REFUSED_TWICE
    assert len(graph.seen) == 2


@pytest.mark.threats("F11")
async def test_a_token_that_expired_meanwhile_is_renewed_once_and_the_second_refusal_holds(
    entra: Entra, graph: Graph
) -> None:
    await entra.home()
    graph.seen.clear()
    graph.fail(refusing(401, "InvalidAuthenticationToken"))
    await entra.write(adding())
    assert len(graph.seen) == 2
    graph.fail(*[refusing(401, "InvalidAuthenticationToken")] * 2)
    with pytest.raises(TenantUnavailable) as held:
        await entra.write(changing())
    assert held.value.facts[0].code == TenantCode.TOKEN_REFUSED_TWICE
    assert len(graph.seen) == 4


@pytest.mark.threats("F1")
@pytest.mark.parametrize("extra", ["Directory.ReadWrite.All", "Mail.Send", "Policy.ReadWrite.ConditionalAccess"])
async def test_a_token_with_an_extra_permission_holds_what_opens_until_a_setting_allows_it(
    graph: Graph,
    authority: TokenAuthority,
    app_roles: list[str],
    environment: pytest.MonkeyPatch,
    extra: str,
) -> None:
    app_roles[:] = sorted(REQUIRED | OPTIONAL)
    needed = REQUIRED | OPTIONAL
    async with connected(graph, authority, permissions=needed) as entra:
        await entra.verify_permissions()
        app_roles.append(extra)
        await entra._connection._credential.forget(entra._connection._credential._last_token)
        with pytest.raises(SurplusPermissions, match=extra):
            await entra.verify_permissions()
        await entra.write(adding())  # what closes is not asked about: the gateway itself refuses no write for it
    async with connected(graph, authority, permissions=needed | {extra}) as entra:
        await entra.verify_permissions()


@pytest.mark.threats("F1")
async def test_an_extra_permission_of_the_application_for_guests_holds_enabling_and_no_disabling(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    people = add_guests(graph, 1)
    environment.setattr(initial_state, "GUESTS_APP_ROLES", (*sorted(FOR_GUESTS), "User.ReadWrite.All"))
    settings = EntraSettings(
        graph_url=graph.url,
        authority_host=authority.url,
        tenant_id=seed.HOME_TENANT_ID,
        application=APPLICATION,
        permissions=FOR_GUESTS,
    )
    accounts = connect_guest_accounts(settings, lambda: NOW)
    [disabled] = await accounts.set_enabled(people, is_enabled=False)
    assert disabled.outcome.value == "accepted"
    with pytest.raises(SurplusPermissions, match=r"User\.ReadWrite\.All"):
        await accounts.set_enabled(people, is_enabled=True)
    await accounts.close()


@pytest.mark.threats("F12")
@pytest.mark.parametrize(
    "url", ["http://graph.microsoft.com/v1.0", "http://10.0.0.1/v1.0", "ftp://graph.microsoft.com"]
)
async def test_an_address_that_is_neither_https_nor_on_this_machine_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        connect(EntraSettings(graph_url=url))


@pytest.mark.threats("F12")
async def test_a_proxy_of_the_environment_is_used_only_when_a_setting_says_so(
    graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> None:
    """A proxy that nobody can reach stands in the environment: every request still arrives."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        environment.setenv(name, "http://127.0.0.1:9")
    async with connected(graph, authority) as entra:
        assert await entra.home() == seed.HOME_TENANT_ID


def test_guests_writes_are_refused_elsewhere_and_with_a_token_of_another_tenant() -> None:
    body = {
        "requests": [
            {
                "id": CONTOSO,
                "method": "PATCH",
                "url": f"/users/{CONTOSO}",
                "headers": {"Content-Type": "application/json"},
                "body": {"accountEnabled": False},
            }
        ]
    }
    check = request_guard(ROOT, CONTOSO)
    check(request("POST", f"{ROOT}/$batch", body, tid=CONTOSO))
    with pytest.raises(WrongTenant):
        check(request("POST", f"{ROOT}/$batch", body, tid=OTHER))
    with pytest.raises(RequestNotAllowed):
        check(request("POST", "https://evil.example/v1.0/$batch", body, tid=CONTOSO))


def test_a_token_that_does_not_say_its_tenant_is_left_to_the_question_to_graph() -> None:
    write_guard(ROOT, CONTOSO)(request("PATCH", f"{ROOT}{PARTNERS}/{CONTOSO}", {"inboundTrust": None}))
