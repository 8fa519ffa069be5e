"""Everything that the gateway to guest accounts sends, and its answers, compared with Microsoft's descriptions."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from aiohttp import web

from bot.sandbox import seed
from bot.sandbox.entra import EntraSimulator, TokenAuthority
from bot.sandbox.entra.tenant.directory_roles import USER_ADMINISTRATOR, assignment
from tests.bot.sandbox.entra.contract import (
    CONTRACT,
    check_request,
    check_request_in_description,
    check_request_in_sdk,
    check_response,
    check_response_in_sdk,
    mock_request,
)
from tests.served import served
from tests.workflows.core.builders import NOW
from tests.workflows.entra.guest_accounts.conftest import APPLICATION, guest
from tests.workflows.entra.simulated_tenant import Handler
from workflows.entra import EntraSettings, GraphGuestAccounts, connect_guest_accounts

GROUP = "0e000000-0000-4e1b-9b51-000000000001"


def check_part(row: dict[str, Any], answer: dict[str, Any]) -> None:
    """Check one request in a batch and its answer, as if it had been sent alone."""
    url = urlsplit(row["url"])
    path, body = unquote(url.path), row.get("body")
    request = mock_request(
        row["method"],
        path,
        query=dict(parse_qsl(url.query)),
        headers=row.get("headers", {}),
        content=None if body is None else json.dumps(body).encode(),
    )
    content = json.dumps(answer["body"]).encode() if "body" in answer else b""
    if path.startswith("/users/"):
        check_request(request)
        check_response(request, answer["status"], content, answer["headers"].get("Content-Type", ""))
    else:
        # The description beside this repository does not have these.
        check_request_in_sdk(request)
        check_response_in_sdk(request, answer["status"], content)


@pytest.fixture
async def checked(
    authority: TokenAuthority, environment: pytest.MonkeyPatch
) -> AsyncIterator[tuple[GraphGuestAccounts, EntraSimulator, list[tuple[str, str]]]]:
    """The gateway, its tenant, and what was sent, each of which is checked."""
    simulator = EntraSimulator(now=lambda: datetime.now(UTC), on_change=lambda: None, accepts_token=authority.accepts)
    sent: list[tuple[str, str]] = []

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer: Any = await handler(request)
        content = await request.read()
        if not request.path.endswith("/$batch"):
            row = {"method": request.method, "url": request.path_qs.removeprefix("/graph/v1.0")}
            parts = [(row, {"status": answer.status, "headers": {}, "body": json.loads(answer.body)})]
        else:
            if CONTRACT.exists():
                check_request_in_description(
                    mock_request("POST", "/$batch", query={}, headers=dict(request.headers), content=content)
                )
            answers = {row["id"]: row for row in json.loads(answer.body)["responses"]}
            parts = [(row, answers[row["id"]]) for row in json.loads(content)["requests"]]
        for row, one in parts:
            assert one["status"] < 300, (row, one)
            check_part(row, one)
            sent.append((row["method"], unquote(row["url"].partition("?")[0])))
        response: web.StreamResponse = answer
        return response

    application = web.Application(middlewares=[check])
    application.add_routes(simulator.routes())
    async with served(application) as address:
        settings = EntraSettings(
            graph_url=f"{address}/graph/v1.0",
            authority_host=authority.url,
            tenant_id=seed.HOME_TENANT_ID,
            application=APPLICATION,
        )
        accounts = connect_guest_accounts(settings, lambda: NOW)
        yield accounts, simulator, sent
        await accounts.close()


async def test_everything_that_is_sent_is_as_described(
    checked: tuple[GraphGuestAccounts, EntraSimulator, list[tuple[str, str]]],
) -> None:
    """A failed check is a server error here, after which nothing is read and no write is accepted."""
    accounts, simulator, sent = checked
    people = [guest(1), guest(2)]
    rows = {
        "one": assignment("one", GROUP, USER_ADMINISTRATOR),
        "two": assignment("two", people[0], USER_ADMINISTRATOR),
    }
    simulator.merge(
        {
            "users": {person: {"userType": "Guest"} for person in people},
            "groups": {GROUP: {"members": people[:1]}},
            "roleEligibilitySchedules": rows,
            "pageSize": 1,
        }
    )
    assert set(await accounts.read(people)) == set(people)
    assert people[0] in await accounts.roles()
    assert {one.outcome.value for one in await accounts.set_enabled(people, is_enabled=False)} == {"accepted"}
    roles = "/roleManagement/directory"
    assert set(sent) == {
        ("GET", "/organization"),
        *(("GET", f"/users/{person}") for person in people),
        *(("PATCH", f"/users/{person}") for person in people),
        ("GET", f"{roles}/roleAssignments"),
        ("GET", f"{roles}/roleAssignmentScheduleInstances"),
        ("GET", f"{roles}/roleEligibilitySchedules"),
        ("GET", f"{roles}/roleDefinitions"),
        ("GET", f"/groups/{GROUP}/transitiveMembers"),
    }
