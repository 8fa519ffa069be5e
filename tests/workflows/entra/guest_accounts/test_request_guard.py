"""The last check before the wire: reads of the list, and `accountEnabled` of single accounts; nothing else leaves."""

import json
from typing import Any, Final

import httpx
import pytest
from kiota_abstractions.method import Method

from tests.workflows.entra.guest_accounts.conftest import guest
from tests.workflows.entra.simulated_tenant import CONTOSO, Graph
from workflows.core.errors.tenant_problems import Purpose
from workflows.entra import GraphGuestAccounts
from workflows.entra.addresses import request_to
from workflows.entra.answers.answers import GraphCall
from workflows.entra.guest_accounts.request_guard import request_guard
from workflows.entra.transport.outgoing import RequestNotAllowed
from workflows.entra.transport.own_tenant_guard import read_home

ROOT: Final = "https://graph.microsoft.com/v1.0"
GUEST: Final = f"/users/{guest(1)}"


def allowed(method: str, path: str, content: bytes = b"", *, root: str = ROOT) -> bool:
    """Return whether a request leaves."""
    try:
        request_guard(ROOT)(httpx.Request(method, root + path, content=content))
    except RequestNotAllowed:
        return False
    return True


def written(number: int = 1, **changed: Any) -> dict[str, Any]:
    """Return one write in a batch, with changes."""
    row = {
        "id": guest(number),
        "method": "PATCH",
        "url": f"/users/{guest(number)}",
        "headers": {"Content-Type": "application/json"},
        "body": {"accountEnabled": False},
    }
    return {name: value for name, value in {**row, **changed}.items() if value is not ...}


def batch(*rows: Any, **more: Any) -> bytes:
    """Return a batch of these requests."""
    return json.dumps({"requests": rows, **more}).encode()


READ: Final = {"id": "1", "method": "GET", "url": GUEST + "?$select=id"}


@pytest.mark.parametrize(
    "path",
    [
        "/organization?$select=id",
        GUEST + "?$select=id,accountEnabled",
        f"/groups/{guest(1)}/transitiveMembers?$select=id&$top=999",
        "/roleManagement/directory/roleAssignments?$expand=principal",
        "/roleManagement/directory/roleAssignmentScheduleInstances",
        "/roleManagement/directory/roleEligibilitySchedules?$skiptoken=x",
        "/roleManagement/directory/roleDefinitions",
    ],
)
def test_the_reads_of_the_list(path: str) -> None:
    assert allowed("GET", path)
    assert allowed("POST", "/$batch", batch({"id": "1", "method": "GET", "url": path, "headers": {}}))
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        assert not allowed(method, path)
        assert not allowed("POST", "/$batch", batch({"id": "1", "method": method, "url": path}))


@pytest.mark.parametrize(
    "path",
    [
        "/users",
        "/users/maria@contoso.com",
        GUEST + "/manager",
        GUEST + "/",
        "/users/%30" + guest(1)[1:],
        "/me",
        "/groups",
        f"/groups/{guest(1)}/members",
        "/policies/crossTenantAccessPolicy/default",
        f"/policies/crossTenantAccessPolicy/partners/{CONTOSO}",
        "/roleManagement/directory/roleAssignmentScheduleRequests",
        "/auditLogs/signIns",
        "",
    ],
)
def test_other_reads_do_not_leave(path: str) -> None:
    assert not allowed("GET", path)
    assert not allowed("POST", "/$batch", batch({"id": "1", "method": "GET", "url": path}))


@pytest.mark.parametrize(
    "root",
    [
        "http://graph.microsoft.com/v1.0",
        "https://graph.microsoft.com:444/v1.0",
        "https://graph.microsoft.us/v1.0",
        "https://graph.microsoft.com/beta",
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/v1.0.1",
        "https://graph.microsoft.com/v1.0/v1.0",
    ],
)
def test_another_service_gets_nothing(root: str) -> None:
    assert not allowed("GET", GUEST, root=root)


def test_a_service_without_a_path() -> None:
    check = request_guard("https://127.0.0.1:8080")
    check(httpx.Request("GET", "https://127.0.0.1:8080/organization"))
    for address in ("https://127.0.0.1:8080/v1.0/organization", "https://127.0.0.1:8081/organization"):
        with pytest.raises(RequestNotAllowed):
            check(httpx.Request("GET", address))


def test_writes_of_accounts() -> None:
    assert allowed("POST", "/$batch", batch(*[written(one) for one in range(20)]))
    assert allowed("POST", "/$batch", batch(written(body={"accountEnabled": True})))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 5000,
        b'{"requests": 1}',
        batch(),
        batch(1),
        batch(*[written(one) for one in range(21)]),
        batch(written(), more=1),
        batch(written(), written()),
        batch(written(), READ),
        batch(READ, written()),
        batch(written(1), written(2, body={"accountEnabled": True})),
        batch(written(body={"accountEnabled": 0})),
        batch(written(1), written(2, body={"accountEnabled": 0})),
        batch(written(body={"accountEnabled": None})),
        batch(written(body={"accountEnabled": False, "userType": "Member"})),
        batch(written(body={"AccountEnabled": False})),
        batch(written(body={})),
        batch(written(body=...)),
        batch(written(body="accountEnabled")),
        batch(written(method="DELETE")),
        batch(written(method="PUT")),
        batch(written(method="patch")),
        batch(written(url="/users/maria@contoso.com")),
        batch(written(url=GUEST + "?x=1")),
        batch(written(url=GUEST + "/manager")),
        batch(written(url=GUEST[1:])),
        batch(written(url="https://graph.microsoft.com/v1.0" + GUEST)),
        batch(written(url=f"/policies/crossTenantAccessPolicy/partners/{CONTOSO}")),
        batch(written(url="/policies/crossTenantAccessPolicy/default")),
        batch(written(url=7)),
        batch(written(headers={})),
        batch(written(headers={"Content-Type": "application/json", "Authorization": "Bearer x"})),
        batch(written(dependsOn=["2"])),
        batch({**READ, "body": {"accountEnabled": False}}),
        batch({**READ, "dependsOn": ["2"]}),
        batch({**READ, "url": 7}),
        batch(written())[:-2].replace(b'"body": {', b'"body": {"userType": "Member", ') + b"]}",
        batch(written()).replace(b'"accountEnabled": false', b'"accountEnabled": true, "accountEnabled": false'),
    ],
)
def test_other_batches_do_not_leave(content: bytes) -> None:
    assert not allowed("POST", "/$batch", content)


def test_a_batch_goes_to_one_address() -> None:
    assert not allowed("POST", "/$batch?x=1", batch(written()))
    assert not allowed("POST", "/%24batch", batch(written()))
    assert not allowed("GET", GUEST, b"{}")
    assert not allowed("PATCH", GUEST, b'{"accountEnabled": false}'), "never alone"


async def test_the_connection_of_guest_accounts_sends_nothing_else(accounts: GraphGuestAccounts, graph: Graph) -> None:
    """Whoever uses its connection for something else is stopped, and nothing arrives."""
    connection = accounts._connection
    await read_home(connection)
    call = GraphCall(method="DELETE", path=GUEST, purpose=Purpose.CHANGE_GUEST_ACCOUNT, permission="")
    for method, builder in (
        (Method.DELETE, connection.graph.users.by_user_id(guest(1))),
        (Method.PATCH, connection.graph.policies.cross_tenant_access_policy.default),
    ):
        request = request_to(method, builder)
        request.set_stream_content(b'{"accountEnabled": false}', "application/json")
        with pytest.raises(RequestNotAllowed):
            await connection.send(call, request)
    assert graph.calls == [("GET", "/organization")]
