"""A simulated tenant that records every request and fails on demand, and the writes that tests send to it."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from bot.sandbox.entra import EntraSimulator
from bot.sandbox.http.faults import Faults
from workflows.core.checks.conditional_access.controls import VisitorType
from workflows.core.checks.conditional_access.questions import Question
from workflows.core.checks.conditional_access.scope import ClientApp
from workflows.core.plans.plan import Operation
from workflows.core.settings.model import TenantId

CONTOSO = TenantId("c0a1b2c3-1111-4aaa-8bbb-0123456789a1")
FABRIKAM = TenantId("fab0fab0-2222-4aaa-8bbb-0123456789a2")
PARTNERS = "/policies/crossTenantAccessPolicy/partners"
CLIENT_ID = "11111111-2222-4333-8444-555555555555"
SECRET = "a secret that is nowhere else"
GUESTS_SECRET = "another secret that is nowhere else"
GROUP = "0b000000-0001-4e1b-9b51-6d1f00000001"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fault = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]
QUESTION: Final = Question(
    tenant_id=CONTOSO, visitor=VisitorType.GUEST, application="Office365", client=ClientApp.BROWSER, user_risk="high"
)


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
    """The simulated tenant behind a server that records every request and fails on demand."""

    simulator: EntraSimulator
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    inner: Faults = field(default_factory=Faults)
    """The faults of single requests in a batch."""

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


def adding(tenant_id: str = CONTOSO, **body: Any) -> Operation:
    """A POST that adds a partner."""
    return Operation(method="POST", path=PARTNERS, body={"tenantId": tenant_id, **body})


def changing(tenant_id: str = CONTOSO, **body: Any) -> Operation:
    """A PATCH of a partner."""
    return Operation(method="PATCH", path=f"{PARTNERS}/{tenant_id}", body=body)
