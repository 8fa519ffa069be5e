"""A `$batch` and each request in it, compared with Microsoft's description."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from aiohttp import web

from bot.sandbox.entra import EntraSimulator, TokenAuthority
from bot.sandbox.entra.tenant import initial_state
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
from tests.workflows.entra.simulated_tenant import Handler
from tests.workflows.entra.test_graph_contract import GROUP, TENANT, UNDOCUMENTED, reads
from workflows.core.settings.model import is_guid
from workflows.entra import Entra, EntraSettings, connect

OWNERS: Final = f"/groups/{GROUP}/owners"
"""Only ever read in a batch, and not in the description beside this repository either."""


def check_part(row: dict[str, Any], answer: dict[str, Any]) -> None:
    """Check one request in a batch and its answer, as if it had been sent alone."""
    url = urlsplit(row["url"])
    path = unquote(url.path)
    described = mock_request(
        row["method"], path, query=dict(parse_qsl(url.query)), headers=row["headers"], content=None
    )
    body = json.dumps(answer["body"]).encode() if "body" in answer else b""
    if path in {*UNDOCUMENTED, OWNERS}:
        check_request_in_sdk(described)
        check_response_in_sdk(described, answer["status"], body)
        return
    if answer["status"] < 300:
        check_request(described)
    check_response(described, answer["status"], body, answer["headers"].get("Content-Type", ""))


@pytest.fixture
def app_roles() -> list[str]:
    """All permissions, so that Microsoft 365 capabilities are read as well."""
    return [*initial_state.APP_ROLES, *initial_state.OPTIONAL_APP_ROLES]


@pytest.fixture
async def batches(
    authority: TokenAuthority, environment: pytest.MonkeyPatch, app_roles: list[str]
) -> AsyncIterator[tuple[Entra, list[str]]]:
    """Return the gateway, and what it asks for in batches, each of which is checked."""
    simulator = EntraSimulator(now=lambda: datetime.now(UTC), on_change=lambda: None, accepts_token=authority.accepts)
    simulator.merge({"appRoles": app_roles, "partners": {TENANT: {}}})
    asked: list[str] = []

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer: Any = await handler(request)
        if request.path.endswith("/$batch"):
            content = await request.read()
            if CONTRACT.exists():
                check_request_in_description(
                    mock_request("POST", "/$batch", query={}, headers=dict(request.headers), content=content)
                )
            rows = {row["id"]: row for row in json.loads(content)["requests"]}
            answers = {row["id"]: row for row in json.loads(answer.body)["responses"]}
            for name, row in rows.items():
                check_part(row, answers[name])
                asked.append(row["url"])
        response: web.StreamResponse = answer
        return response

    application = web.Application(middlewares=[check])
    application.add_routes(simulator.routes())
    async with served(application) as address:
        entra = connect(EntraSettings(graph_url=f"{address}/graph/v1.0", authority_host=authority.url))
        yield entra, asked
        await entra.close()


async def test_every_read_in_a_batch_is_as_described(batches: tuple[Entra, list[str]]) -> None:
    """Each read with one more of its service. A failed check is a server error here, after which nothing is read."""
    entra, asked = batches
    for read, wanted in reads(entra).items():
        for one in wanted:
            async with entra.together() as group:
                group.start(entra.read_default())
                group.start(entra.tenant_settings.read_sharepoint())
                await group.start(_answer(read, one))
    function = "/tenantRelationships/findTenantInformationBy"
    paths = {unquote(url.partition("?")[0]) for url in asked}
    assert {path for path in paths if "(" not in path and not is_guid(path.rpartition("/")[2])} == {
        "/admin/sharepoint/settings",
        "/auditLogs/directoryAudits",
        "/auditLogs/signIns",
        f"/groups/{GROUP}/transitiveMembers",
        OWNERS,
        "/groups",
        "/identity/conditionalAccess/policies",
        "/organization",
        "/policies/authorizationPolicy",
        "/policies/crossTenantAccessPolicy",
        "/policies/crossTenantAccessPolicy/default",
        "/policies/crossTenantAccessPolicy/default/m365Capabilities",
        f"/policies/crossTenantAccessPolicy/partners/{TENANT}/m365Capabilities",
        "/policies/crossTenantAccessPolicy/partners",
        "/servicePrincipals",
        "/users",
    }, "all but the evaluations"
    assert {f"{function}DomainName(domainName='contoso.com')", f"{function}TenantId(tenantId='{TENANT}')"} < paths


async def _answer(read: Any, asked: tuple[Any, ...]) -> object:
    return await read(*asked)
