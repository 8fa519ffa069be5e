"""The requests to Microsoft Graph and the simulator's answers, compared with Microsoft's description."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from aiohttp import web
from openapi_core.templating.paths.exceptions import PathNotFound

from bot.sandbox import seed
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
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.core.checks.conditional_access.questions import Question
from workflows.core.checks.conditional_access.scope import ClientApp
from workflows.core.errors.raised import NothingToChange
from workflows.core.people import PersonId
from workflows.core.plans.plan import Operation, Plan
from workflows.core.plans.planning import plan_access, plan_revocation
from workflows.core.policy.template import Template, filled_settings
from workflows.core.settings.canonical import JsonObject, canonical_json
from workflows.core.settings.model import Target, TargetType, TenantId
from workflows.entra import Entra, EntraSettings, connect
from workflows.entra.evaluation import body_of
from workflows.entra.tenant_settings import GraphTenantSettings

TENANT: Final = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")
ID: Final = "1b4f7c2e-0a5d-4f3b-9c61-2d8e7f5a9b03"
CATALOG: Final = load_catalog(SHIPPED)
GROUP: Final = seed.PROJECT_GROUPS[0][0]
USER: Final = seed.PEOPLE[0].entra_id or ""
APPLICATION: Final = seed.APPLICATIONS[0].app_id
QUESTIONS: Final = (
    Question(tenant_id=TENANT, visitor=VisitorType.GUEST, application="All", client=ClientApp.BROWSER),
    Question(
        tenant_id=TENANT,
        visitor=VisitorType.DIRECT_CONNECT,
        application="Office365",
        client=ClientApp.APPS,
        sign_in_risk="high",
        user_risk="low",
    ),
)
UNDOCUMENTED: Final = {
    f"/groups/{GROUP}/transitiveMembers",
    f"/servicePrincipals(appId='{APPLICATION}')",
    "/servicePrincipals",
    f"/users/{USER}/manager",
}
"""Reads that are not in the description beside this repository, which is an extract. They are held against the SDK
alone; all others against both."""


def plans() -> Iterator[tuple[str, Plan]]:
    """Every plan that the shipped templates and a revocation lead to, from nothing and from each other's ends."""
    starts: dict[str, JsonObject | None] = {"nothing": None, "an empty partner": {"tenantId": TENANT}}
    for name, template in CATALOG.templates.items():
        starts[name] = _plan(template, None).configuration_after()
    for start, before in starts.items():
        for name, template in CATALOG.templates.items():
            try:
                yield f"{name} from {start}", _plan(template, before)
            except NothingToChange:
                continue
        try:
            yield f"revocation from {start}", plan_revocation(tenant_id=TENANT, default={}, before=before)
        except NothingToChange:
            continue


def _plan(template: Template, before: JsonObject | None) -> Plan:
    return plan_access(
        tenant_id=TENANT,
        before=before,
        settings=filled_settings(template, {placeholder.name: ID for placeholder in template.placeholders}),
        template=template.name,
        template_hash=template.content_hash,
        duration=template.default_duration,
    )


PLANS: Final = dict(plans())


def operations() -> dict[bytes, Operation]:
    """The distinct writes of all these plans."""
    found = [operation for plan in PLANS.values() for operation in plan.operations]
    return {f"{one.method} {one.path} ".encode() + canonical_json(one.body): one for one in found}


def test_every_body_that_a_shipped_template_or_a_revocation_sends_is_as_described() -> None:
    methods = set()
    for operation in operations().values():
        content = canonical_json(operation.body)
        check_request(mock_request(operation.method, operation.path, query={}, headers={}, content=content))
        methods.add((operation.method, operation.path.rpartition("/")[2] == "identitySynchronization"))
    assert methods == {("POST", False), ("PATCH", False), ("PUT", True), ("PATCH", True)}


def test_a_body_that_is_not_as_described_is_found_out() -> None:
    """The check can fail: a name in the wrong case, which Graph refuses, is no such property here either."""
    wrong = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": "yes"}}
    request = mock_request(
        "POST",
        "/policies/crossTenantAccessPolicy/partners",
        query={},
        headers={},
        content=canonical_json(wrong),
    )
    with pytest.raises(Exception, match=r"(?i)request body"):
        check_request(request)
    if CONTRACT.exists():
        with pytest.raises(Exception, match=r"(?i)request body"):
            check_request_in_description(request)


@pytest.mark.parametrize("risk", ["none", "low", "medium", "high"])
@pytest.mark.parametrize("client", ClientApp)
@pytest.mark.parametrize("visitor", VisitorType)
def test_every_question_that_is_asked_of_entra_is_as_described(
    visitor: VisitorType, client: ClientApp, risk: str
) -> None:
    question = Question(
        tenant_id=TENANT,
        visitor=visitor,
        application="Office365",
        client=client,
        sign_in_risk=risk,
        user_risk=risk,
    )
    content = canonical_json(body_of(question))
    check_request(mock_request("POST", "/identity/conditionalAccess/evaluate", query={}, headers={}, content=content))


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Checked:
    """A simulated tenant whose every exchange is checked."""

    url: str = ""
    seen: list[tuple[str, str]] = field(default_factory=list)
    undocumented_members: set[str] = field(default_factory=set)
    """Paths of reads that the description beside this repository does not have."""


@pytest.fixture
def app_roles() -> list[str]:
    """All permissions, so that Microsoft 365 capabilities are read and written as well."""
    return [*initial_state.APP_ROLES, *initial_state.OPTIONAL_APP_ROLES]


@pytest.fixture
async def checked(authority: TokenAuthority, app_roles: list[str]) -> AsyncIterator[Checked]:
    """Return the simulator behind a server that checks every exchange."""
    simulator = EntraSimulator(now=lambda: datetime.now(UTC), on_change=lambda: None, accepts_token=authority.accepts)
    simulator.merge({"appRoles": app_roles})
    door = Checked()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.removeprefix("/graph/v1.0")
        content = await request.read()
        described = mock_request(
            request.method, path, query=dict(request.query), headers=dict(request.headers), content=content or None
        )
        answer = await handler(request)
        assert isinstance(answer, web.Response)
        door.seen.append((request.method, path))
        body = answer.body if isinstance(answer.body, bytes) else b""
        if path in UNDOCUMENTED:
            check_request_in_sdk(described)
            check_response_in_sdk(described, answer.status, body)
            if CONTRACT.exists():
                with pytest.raises(PathNotFound):
                    check_request(described)
            door.undocumented_members.add(path)
            return answer
        if answer.status < 300:
            check_request(described)
        check_response(described, answer.status, body, answer.headers.get("Content-Type", ""))
        return answer

    application = web.Application(middlewares=[check])
    application.add_routes(simulator.routes())
    async with served(application) as address:
        door.url = f"{address}/graph/v1.0"
        yield door


@pytest.fixture
async def entra(
    checked: Checked,
    authority: TokenAuthority,
    environment: pytest.MonkeyPatch,
) -> AsyncIterator[Entra]:
    """The gateway on the checked simulator."""
    entra = connect(EntraSettings(graph_url=checked.url, authority_host=authority.url))
    yield entra
    await entra.close()


def reads(entra: Entra) -> dict[Callable[..., Awaitable[object]], list[tuple[Any, ...]]]:
    """Every read of the gateway with what it is asked; writing is not among them."""
    around, since = entra.tenant_settings, datetime.now(UTC) - timedelta(days=30)
    return {
        entra.home: [()],
        entra.find: [("contoso.com",), (TENANT,), ("nobody.example",)],
        entra.read_default: [()],
        entra.read_partner: [(TENANT,)],
        entra.read_partners: [()],
        entra.capability_access: [()],
        entra.accounts_by_mail: [(["admin@woodgrove.com"],)],
        entra.accounts_by_id: [([PersonId(USER)],)],
        entra.managers: [([PersonId(USER)],)],
        entra.group_members: [(GROUP,)],
        entra.approver_groups: [([GROUP],)],
        around.verified_domains: [()],
        around.read_access_policy: [()],
        around.read_authorization: [()],
        around.read_sharepoint: [()],
        around.read_conditional_access: [()],
        around.evaluate_access: [(question,) for question in QUESTIONS],
        around.read_sign_ins: [(TENANT, since)],
        around.read_foreign_sign_ins: [(TenantId(seed.HOME_TENANT_ID), since, lambda _: True)],
        around.recent_sign_ins: [(TENANT, since)],
        around.accounts_of: [("maria+test@contoso.com",), ("o'neil@contoso.com",)],
        around.last_disabling: [(PersonId(USER),)],
        around.has_sign_ins: [(since, since + timedelta(days=3))],
        around.read_guests: [(lambda _: True, True), (lambda _: True, False)],
        around.guest_page: [(None, True), (None, False)],
        around.own_account_page: [(None, ["contoso.com", "contoso.de"])],
        around.read_partner_changes: [(TENANT, since)],
        around.read_access_changes: [(since,)],
        around.recent_partner_changes: [(TENANT, since)],
        around.find_by_prefix: [(kind, seed.PROJECT_GROUPS[0][2], 5) for kind in TargetType],
        around.applications_with: [(["portal", "archive"],)],
        around.name_of: [
            (Target(type=TargetType.GROUP, id=GROUP),),
            (Target(type=TargetType.USER, id=USER),),
            (Target(type=TargetType.APPLICATION, id=APPLICATION),),
        ],
    }


def test_no_read_of_the_gateway_is_left_out(entra: Entra) -> None:
    offered = {
        (kind.__name__, name)
        for kind in (Entra, GraphTenantSettings)
        for name, method in inspect.getmembers(kind, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }
    asked = {tuple(read.__qualname__.split(".")) for read in reads(entra)}
    not_read = {"warm", "close", "write", "verify_home", "granted_permissions", "write_together"}
    not_read |= {"verify_permissions"}
    assert offered - asked == {("Entra", name) for name in not_read}, (
        "two look into the token; `write_together` is tried in `gateway/test_writing_together.py`"
    )


async def test_every_exchange_of_the_gateway_is_as_described(entra: Entra, checked: Checked) -> None:
    """Every read, then every template's plan and its revocation; what is not documented is named (`UNDOCUMENTED`).

    A failed check is a server error here.
    """
    for read, asked in reads(entra).items():
        for one in asked:
            await read(*one)
    assert checked.undocumented_members == UNDOCUMENTED
    read_so_far = len(checked.seen)
    assert read_so_far == 40 + len(QUESTIONS)
    written = 0
    for number, template in enumerate(CATALOG.templates.values()):
        tenant_id = TenantId(f"{number:08d}-0000-4000-8000-000000000001")
        opening = _plan(template, None)
        closing = (
            plan_revocation(tenant_id=TENANT, default={}, before=opening.configuration_after())
            if template.name != "block"
            else None
        )
        for operation in (*opening.operations, *(closing.operations if closing else ())):
            await entra.write(_for(operation, tenant_id))
            written += 1
        assert await entra.read_partner(tenant_id) is not None
    assert len(checked.seen) == read_so_far + written + len(CATALOG.templates)


def _for(operation: Operation, tenant_id: TenantId) -> Operation:
    body: dict[str, Any] = dict(operation.body)
    if "tenantId" in body:
        body["tenantId"] = tenant_id
    return Operation(method=operation.method, path=operation.path.replace(TENANT, tenant_id), body=body)
