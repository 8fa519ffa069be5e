"""Microsoft 365 capabilities are posted to one address, so each body is looked at; nothing else ever leaves."""

import json
from typing import Any

import httpx
import pytest
from kiota_abstractions.method import Method

import workflows.entra.gateway
from bot.sandbox.entra.tenant import initial_state
from bot.sandbox.entra.types.m365_capabilities import MIGRATION, TYPES
from tests.workflows.entra.simulated_tenant import CONTOSO, FABRIKAM, GROUP, PARTNERS, Graph, adding, changing
from workflows.core.errors.tenant_problems import Purpose
from workflows.core.plans.plan import CallIds, Operation
from workflows.core.settings.canonical import canonical_json
from workflows.core.settings.capabilities import capability_body
from workflows.core.settings.model import (
    NOBODY,
    AccessType,
    Capability,
    CapabilityName,
    Target,
    TargetConfiguration,
    TargetType,
)
from workflows.entra import Entra
from workflows.entra.addresses import request_to, require_writable
from workflows.entra.answers.answers import read_call
from workflows.entra.transport.outgoing import RequestNotAllowed
from workflows.entra.transport.write_guard import write_guard
from workflows.ports.tenant import AlreadyExists, TenantRefused

ROOT = "https://graph.microsoft.com/v1.0"
OWN = f"{PARTNERS}/{CONTOSO}/m365Capabilities"
DEFAULT = "/policies/crossTenantAccessPolicy/default"
BASIC = "crossTenantCalendarAvailabilityBasic"
EVERYONE = {"resourceId": "All", "resourceType": "user"}
ALL_ALLOWED = {"users": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]}}
APPLICATIONS = [{"target": "AllApplications", "targetType": "application"}]


@pytest.fixture
def app_roles() -> list[str]:
    """The permissions of an application that may write capabilities."""
    return [*initial_state.APP_ROLES, *initial_state.OPTIONAL_APP_ROLES]


@pytest.fixture(autouse=True)
def _trusting(graph: Graph, app_roles: list[str]) -> None:
    """A tenant that would accept all of it, so that what is missing there was not sent."""
    trust = {
        "m365CollaborationInbound": ALL_ALLOWED,
        "appServiceConnectInbound": {"applications": {"accessType": "allowed", "targets": APPLICATIONS}},
    }
    graph.simulator.merge({"appRoles": app_roles, "partners": {CONTOSO: trust, FABRIKAM: trust}})


def body(name: str = BASIC, *, is_allowed: Any = True, included: Any = (EVERYONE,), **more: Any) -> dict[str, Any]:
    access = {"isAllowed": is_allowed, "resourceScopes": {"included": list(included), "excluded": []}}
    return {"@odata.type": f"#microsoft.graph.{name}", "inboundAccess": access} | more


def creating(content: Any, partner: str = CONTOSO) -> Operation:
    return Operation(method="POST", path=f"{PARTNERS}/{partner}/m365Capabilities", body=content)


def updating(content: Any, name: str = BASIC) -> Operation:
    return Operation(method="PATCH", path=f"{OWN}/{name}", body=content)


def stored(graph: Graph, partner: str = CONTOSO) -> dict[str, Any]:
    return dict(graph.simulator.state()["partners"][partner].get("m365Capabilities") or {})


@pytest.mark.parametrize("name", list(CapabilityName))
async def test_each_capability_of_a_plan_is_written_and_closed_with_its_exact_bytes(
    entra: Entra, graph: Graph, name: CapabilityName
) -> None:
    group = TargetConfiguration(access=AccessType.ALLOWED, targets=(Target(type=TargetType.GROUP, id=GROUP),))
    but = TargetConfiguration(access=AccessType.BLOCKED, targets=(Target(type=TargetType.GROUP, id=GROUP),))
    opened = creating(capability_body(Capability(name=name, people=group)))
    others = updating(capability_body(Capability(name=name, people=but)), name.value)
    closed = updating(capability_body(Capability(name=name, people=NOBODY)), name.value)
    for operation in (opened, others, closed):
        assert (await entra.write(operation)).request_id
    assert [one.body for one in graph.seen] == [canonical_json(one.body) for one in (opened, others, closed)]
    assert graph.calls == [("POST", OWN), *[("PATCH", f"{OWN}/{name}")] * 2]
    assert stored(graph)[name]["inboundAccess"]["isAllowed"] is False
    document = await entra.read_partner(CONTOSO)
    assert document is not None
    assert [one["name"] for one in document["m365Capabilities"]] == [name.value]


def test_what_may_be_sent_is_what_a_plan_may_contain() -> None:
    """The two lists are written apart on purpose: one of them alone opens nothing."""
    for name in (*TYPES, "anonymousCalendarSharingFreeBusySimple", "crossTenantSomethingNew"):
        is_planned = name in {one.value for one in CapabilityName}
        try:
            require_writable("POST", OWN, body(name))
        except ValueError:
            assert not is_planned, name
        else:
            assert is_planned, name


async def test_one_that_exists(entra: Entra) -> None:
    await entra.write(creating(body()))
    with pytest.raises(AlreadyExists):
        await entra.write(creating(body(name=BASIC)))


async def test_a_refusal_names_the_permission(entra: Entra, graph: Graph) -> None:
    graph.simulator.merge({"appRoles": list(initial_state.APP_ROLES)})
    with pytest.raises(TenantRefused) as refused:
        await entra.write(creating(body()))
    assert refused.value.facts[0].values["permission"] == "Policy.ReadWrite.CrossTenantCapability"
    with pytest.raises(TenantRefused) as refused:
        await entra.write(changing(inboundTrust={"isMfaAccepted": "yes"}))
    assert refused.value.facts[0].values["permission"] == "Policy.ReadWrite.CrossTenantAccess"


HOSTILE: list[tuple[str, str, Any]] = [
    # the migration of mailboxes, under any name
    ("POST", OWN, body(MIGRATION)),
    ("POST", OWN, body(MIGRATION, is_allowed=False)),
    ("POST", OWN, body(MIGRATION) | {"name": BASIC}),
    ("POST", OWN, body(BASIC) | {"name": MIGRATION}),
    ("PATCH", f"{OWN}/{MIGRATION}", body(MIGRATION)),
    ("PATCH", f"{OWN}/{MIGRATION}", body(BASIC)),
    ("PATCH", f"{OWN}/{BASIC}", body(MIGRATION)),
    ("POST", OWN, body() | {"@odata.type": f"#Microsoft.Graph.{MIGRATION}"}),
    ("POST", OWN, body() | {"@odata.type": f" #microsoft.graph.{BASIC}"}),
    ("POST", OWN, body() | {"@odata.type": [f"#microsoft.graph.{BASIC}"]}),
    ("POST", OWN, body() | {"@odata.type": f"#microsoft.graph.{BASIC}\n"}),
    ("POST", OWN, {"inboundAccess": body()["inboundAccess"], "name": BASIC}),
    # other types and names
    ("POST", OWN, body("anonymousCalendarSharingFreeBusySimple")),
    ("POST", OWN, body("crossTenantSomethingNew")),
    ("POST", OWN, body("m365CapabilityBase")),
    ("PATCH", f"{OWN}/crossTenantMailTipsAll", body(BASIC)),
    ("PATCH", f"{OWN}/{BASIC}", body(BASIC) | {"name": "crossTenantMailTipsAll"}),
    ("PATCH", f"{OWN}/{BASIC.upper()}", body(BASIC)),
    # other methods and places
    ("DELETE", f"{OWN}/{BASIC}", body()),
    ("DELETE", OWN, body()),
    ("PUT", OWN, body()),
    ("PUT", f"{OWN}/{BASIC}", body()),
    ("PATCH", OWN, body()),
    ("POST", f"{OWN}/{BASIC}", body()),
    ("POST", f"{DEFAULT}/m365Capabilities", body()),
    ("PATCH", f"{DEFAULT}/m365Capabilities/{BASIC}", body()),
    ("POST", f"{PARTNERS}/../default/m365Capabilities", body()),
    ("POST", f"{OWN}/../../../default/m365Capabilities", body()),
    ("POST", f"{OWN}?x=1", body()),
    ("POST", f"{OWN}/", body()),
    ("POST", f"{OWN}\n", body()),
    ("POST", f"{OWN}/$ref", body()),
    ("PATCH", f"{OWN}/{BASIC}/inboundAccess", body()),
    ("PATCH", f"{OWN}/{BASIC}%2F..%2F{MIGRATION}", body()),
    ("PATCH", f"{OWN}('{BASIC}')", body()),
    ("POST", f"{PARTNERS}/contoso.com/m365Capabilities", body()),
    ("POST", OWN.replace("m365Capabilities", "M365CAPABILITIES"), body()),
    ("POST", f"https://graph.microsoft.com/beta{OWN}", body()),
    ("POST", f"{PARTNERS}/{CONTOSO}/identitySynchronization/m365Capabilities", body()),
    # anything beside what is known
    ("POST", OWN, body(surprise=True)),
    ("POST", OWN, body(lastModifiedDateTime="2026-01-01T00:00:00Z")),
    ("POST", OWN, body(outboundAccess=body()["inboundAccess"])),
    ("POST", OWN, body(tenantId=FABRIKAM)),
    ("POST", OWN, body(id=MIGRATION)),
    ("POST", OWN, body() | {"@odata.id": f"{ROOT}{DEFAULT}/m365Capabilities/{BASIC}"}),
    ("POST", OWN, body(inboundAccess=None)),
    ("POST", OWN, body(inboundAccess={"isAllowed": True})),
    ("POST", OWN, body(inboundAccess={**body()["inboundAccess"], "more": 1})),
    ("POST", OWN, body(inboundAccess={"isAllowed": True, "resourceScopes": None})),
    ("POST", OWN, body(inboundAccess={"isAllowed": True, "resourceScopes": {"included": [EVERYONE]}})),
    ("POST", OWN, body(inboundAccess={"isAllowed": True, "resourceScopes": {"included": EVERYONE, "excluded": []}})),
    ("POST", OWN, body(is_allowed="true")),
    ("POST", OWN, body(is_allowed=1)),
    ("POST", OWN, body(is_allowed=None)),
    ("POST", OWN, body(included=[])),
    ("POST", OWN, body(included=[{"resourceId": "All"}])),
    ("POST", OWN, body(included=[{**EVERYONE, "more": 1}])),
    ("POST", OWN, body(included=[{"resourceId": "everybody", "resourceType": "user"}])),
    ("POST", OWN, body(included=[{"resourceId": None, "resourceType": "user"}])),
    ("POST", OWN, body(included=[{"resourceId": GROUP, "resourceType": "none"}])),
    ("POST", OWN, body(included=["All"])),
    ("POST", OWN, []),
    ("POST", OWN, [body()]),
    # capabilities inside a partner's own configuration
    ("PATCH", f"{PARTNERS}/{CONTOSO}", {"m365Capabilities": [body(MIGRATION)]}),
    ("PATCH", f"{PARTNERS}/{CONTOSO}", {"M365Capabilities": [body()]}),
    ("PATCH", f"{PARTNERS}/{CONTOSO}", {"m365Capabilities@delta": [body()]}),
    ("POST", PARTNERS, {"tenantId": CONTOSO, "m365Capabilities": [body()]}),
]


@pytest.mark.parametrize(("method", "path", "content"), HOSTILE)
async def test_nothing_else_is_sent(entra: Entra, graph: Graph, method: Any, path: str, content: Any) -> None:
    with pytest.raises(ValueError, match=r"configuration|capabilit|not an object"):
        await entra.write(Operation(method=method, path=path, body=content))
    assert graph.seen == []


@pytest.mark.parametrize(("method", "path", "content"), HOSTILE)
async def test_nothing_is_sent_when_one_of_several_may_not_be(
    entra: Entra, graph: Graph, method: Any, path: str, content: Any
) -> None:
    """Writes that share a request are checked by the same rule, and all of them before the first byte."""
    with pytest.raises(ValueError, match=r"configuration|capabilit|not an object"):
        await entra.write_together([creating(body(), FABRIKAM), Operation(method=method, path=path, body=content)])
    assert graph.seen == []


async def test_capabilities_of_several_partners_share_a_request(entra: Entra, graph: Graph) -> None:
    results = await entra.write_together([creating(body()), creating(body(), FABRIKAM)])
    assert all(isinstance(one, CallIds) for one in results)
    assert graph.calls == [("POST", "/$batch")]
    assert (list(stored(graph)), list(stored(graph, FABRIKAM))) == ([BASIC], [BASIC])


@pytest.mark.parametrize(("method", "path", "content"), HOSTILE)
def test_the_last_step_before_the_connection_refuses_it_again(method: str, path: str, content: Any) -> None:
    """Whatever made the request: alone, and among others in a batch."""
    encoded = json.dumps(content).encode()
    with pytest.raises((RequestNotAllowed, httpx.InvalidURL)):
        write_guard(ROOT)(httpx.Request(method, ROOT + path, content=encoded))
    with pytest.raises(RequestNotAllowed):
        write_guard(ROOT)(httpx.Request("POST", f"{ROOT}/$batch", content=batch(READ, row(method, path, content))))


async def test_a_mistake_in_the_addresses_stops_at_the_last_step(
    entra: Entra, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def anything(client: Any, _: Operation) -> Any:
        return client.policies.cross_tenant_access_policy.default.m365_capabilities

    monkeypatch.setattr(workflows.entra.gateway, "writable_address", anything)
    with pytest.raises(RequestNotAllowed):
        await entra.write(creating(body()))
    assert graph.seen == []
    assert stored(graph) == {}


def row(method: str, url: str, content: Any, **more: Any) -> dict[str, Any]:
    """Return one write in a batch."""
    headers = {"Content-Type": "application/json", "client-request-id": "1"}
    return {"id": url, "method": method, "url": url, "headers": headers, "body": content} | more


def batch(*rows: Any, **more: Any) -> bytes:
    return json.dumps({"requests": rows, **more}).encode()


READ = {"id": "1", "method": "GET", "url": f"{OWN}?$select=name"}
WRITE = row("POST", OWN, body())


@pytest.mark.parametrize(
    "headers",
    [
        {"X-HTTP-Method-Override": "DELETE"},
        {"x-http-method": "PATCH"},
        {"accept": "*/*", "x-new": "1"},
        ["X-HTTP-Method-Override"],
        "x",
    ],
)
def test_a_read_in_a_batch_that_asks_for_another_method_does_not_leave(headers: Any) -> None:
    assert refuses(batch({**READ, "headers": headers}))


def refuses(content: bytes, path: str = "/$batch", method: str = "POST", **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        write_guard(ROOT)(httpx.Request(method, ROOT + path, content=content, headers=named))
    except RequestNotAllowed:
        return True
    return False


@pytest.mark.parametrize(
    "content",
    [
        batch(READ),
        batch(READ, WRITE),
        batch(*[{**READ, "id": str(number)} for number in range(20)]),
        batch(row("PATCH", f"{PARTNERS}/{CONTOSO}", {"inboundTrust": None}), WRITE),
        batch({**READ, "body": None, "headers": {"Accept": "application/json"}}),
    ],
)
def test_batches_that_leave(content: bytes) -> None:
    assert not refuses(content)


@pytest.mark.parametrize(
    "content",
    [
        batch(),
        batch(*[{**READ, "id": str(number)} for number in range(21)]),
        batch(READ, more=1),
        batch("x"),
        b"[]",
        b"{",
        batch({**READ, "body": {}}),
        batch({**READ, "method": "HEAD"}),
        batch({**WRITE, "dependsOn": ["1"]}),
        batch({**WRITE, "headers": {"X-HTTP-Method": "DELETE"}}),
        batch({**WRITE, "headers": None}),
        batch({name: value for name, value in WRITE.items() if name != "headers"}),
        batch(WRITE).replace(b'"isAllowed": true', b'"isAllowed": false, "isAllowed": true'),
        batch(row("PATCH", DEFAULT, {})),
    ],
)
def test_batches_that_do_not_leave(content: bytes) -> None:
    assert refuses(content)


def test_other_requests() -> None:
    operations = (adding(), changing(inboundTrust=None), creating(body()), updating(body()))
    for one in operations:
        content = canonical_json(one.body)
        assert not refuses(content, one.path, one.method)
        assert refuses(content, f"{one.path}?$expand=x", one.method)
        assert refuses(content, one.path, one.method, X_HTTP_Method_Override="DELETE")
        assert refuses(content + b"}", one.path, one.method)
        assert refuses(content, f"/../beta{one.path}", one.method)
    assert not refuses(b"", DEFAULT, "GET")
    assert refuses(b"x", DEFAULT, "GET")
    assert not refuses(b"{}", "/identity/conditionalAccess/evaluate")
    assert refuses(b"{}", "/identity/conditionalAccess/evaluate", "PATCH")
    assert refuses(b"{}", "/invitations")
    with pytest.raises(RequestNotAllowed):
        write_guard(ROOT)(httpx.Request("GET", f"https://graph.microsoft.us/v1.0{DEFAULT}"))


async def test_every_way_out_of_the_connection_has_the_check(entra: Entra, graph: Graph) -> None:
    """The check belongs to the connection: a request that nobody meant to write is refused, too."""
    builder = entra._connection.graph.policies.cross_tenant_access_policy.default
    call = read_call("/x", Purpose.SHOW_DEFAULT, "x")
    with pytest.raises(RequestNotAllowed):
        await entra._connection.send(call, request_to(Method.DELETE, builder))
    assert graph.seen == []
