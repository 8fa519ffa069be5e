"""Every fault at every Graph call of a revocation and of an approved opening, with the real gateway.

The domain over a real store; Graph is the sandbox's simulator over HTTP, and its faults are the sandbox's own.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web

from bot.sandbox import seed
from bot.sandbox.entra import EntraSimulator, TokenAuthority
from bot.sandbox.http.batches import BATCH, INNER_FAULTS, fault_of_whole, inner_calls
from bot.sandbox.http.faults import Fault, answer_with_fault
from bot.sandbox.http.request_log import read_body_once
from bot.words.requests.notes import note_words
from tests.served import served
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, closed_document
from tests.workflows.deadlines import Deadlines
from tests.workflows.effects.applying import told
from tests.workflows.entra.conftest import app_roles, authority, deadlines, environment
from tests.workflows.entra.simulated_tenant import CLIENT_ID, CONTOSO, Handler
from tests.workflows.fakes import FakeDirectory, FixedClock
from tests.workflows.world import World, open_world
from workflows.app.requests.intake import Intake
from workflows.app.schedule.alarm_checks import ScheduledChecks, alarm_checks_of
from workflows.core.people import ChatId, CurrentRoles, Person
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.documents import is_equivalent
from workflows.effects.apply import Applier
from workflows.effects.performer import Performer
from workflows.effects.permission_check import PermissionCheck
from workflows.effects.prepare import Preparer
from workflows.entra import Entra, EntraSettings, Traffic, connect
from workflows.ports.tenant import TenantUnavailable

__all__ = ["app_roles", "authority", "deadlines", "environment"]
pytestmark = pytest.mark.matrix

S = RequestState
OPEN: Final = {
    "b2bCollaborationInbound": {
        "usersAndGroups": {"accessType": "allowed", "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": "allowed",
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    },
    "inboundTrust": {"isMfaAccepted": True},
    "identitySynchronization": {"userSyncInbound": {"isSyncAllowed": True}},
}
NO_ANSWER: Final = 600.0
"""So many seconds a call is not answered. The bot stops waiting long before; see `Deadlines`."""
HTML: Final = "<html><h1>Not here</h1></html>"
FAULTS: Final[dict[str, dict[str, Any]]] = {
    "400": {"status": 400},
    "403": {"status": 403},
    "404 with HTML": {"status": 404, "body": HTML},
    "407": {"status": 407},
    "409": {"status": 409},
    "412": {"status": 412},
    "423": {"status": 423},
    "429": {"status": 429},
    "429 for centuries": {"status": 429, "headers": {"Retry-After": "9" * 400}},
    "500": {"status": 500},
    "500 after commit": {"status": 500, "after_commit": True},
    "time-out": {"delay_seconds": NO_ANSWER},
    "time-out after commit": {"delay_seconds": NO_ANSWER, "after_commit": True},
    "reset": {"reset": True},
    "reset after commit": {"reset": True, "after_commit": True},
    "garbage with 200": {"status": 200, "body": HTML},
    "an empty object with 200": {"status": 200, "body": {}},
    "204 without effect": {"status": 204},
}
UNSEEN: Final = ("garbage with 200", "an empty object with 200", "204 without effect")
"""Faults by which a write seems to succeed, has no effect and leaves nothing in the audit log."""
MINUTES: Final = 4
"""Within these an opening is applied in spite of a fault that happens once."""
UNSEEN_MINUTES: Final = 14
"""The same for an unseen write: an empty audit log is proof ten minutes after it, and it is sent again until 15."""


@dataclass(slots=True)
class Graph:
    """The simulator behind a server that counts calls and injects faults from the `first`-th call on."""

    clock: FixedClock
    accepts_token: Any
    deadlines: Deadlines
    url: str = ""
    fault: Fault | None = None
    first: int = 0
    times: int = 0
    calls: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    """The methods of the writes that were carried out."""
    simulator: EntraSimulator = field(init=False)

    def __post_init__(self) -> None:
        self.simulator = EntraSimulator(
            now=lambda: self.clock.now(), on_change=lambda: None, accepts_token=self.accepts_token
        )

    def begin(self, partner: dict[str, Any] | None) -> None:
        """Be as on the first day, with this partner."""
        self.heal()
        self.simulator.restore({})
        self.simulator.merge({"partners": {CONTOSO: partner}})
        self.clock.advance(minutes=10)  # what an administrator set up is history by then

    def fail(self, how: dict[str, Any], *, first: int, times: int) -> None:
        """Count from zero again, and make the `first`-th call and the following ones fail."""
        self.fault, self.first, self.times = Fault(target="graph", **how), first, times
        self.calls.clear()
        self.done.clear()

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        self.fault = None

    @property
    def partner(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.simulator.state()["partners"].get(CONTOSO)
        return found

    def _fault_of(self, method: str, path: str) -> Fault | None:
        """Count a call, also one in a batch, and return the fault that it meets."""
        self.calls.append(f"{method} {path.rpartition('/')[2]}")
        return self.fault if self.first <= len(self.calls) < self.first + self.times else None

    @web.middleware
    async def door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = self._fault_of(request.method, request.rel_url.raw_path)
        if fault is None:
            parts = inner_calls(request, await read_body_once(request))
            found = {call.id: self._fault_of(call.method, call.path) for call in parts}
            request[INNER_FAULTS] = {name: one for name, one in found.items() if one is not None}
            fault = fault_of_whole(request[INNER_FAULTS])
        has_no_answer = fault is not None and fault.only_delays
        if fault is not None and has_no_answer and not fault.after_commit:
            return await self.deadlines.never_answered(request)

        async def counted(inner: web.Request) -> web.StreamResponse:
            response = await handler(inner)
            if inner.method != "GET" and not inner.path.endswith(BATCH) and response.status < 300:
                self.done.append(inner.method)
            return response

        if has_no_answer:
            await counted(request)
            return await self.deadlines.never_answered(request)
        return await answer_with_fault(request, counted, fault)


@dataclass(slots=True, kw_only=True)
class AskingDirectory(FakeDirectory):
    """People as usual, and Graph asked for them as the real directory does."""

    tenant: Entra

    async def identify(self, chat_id: ChatId, *, with_accounts_of: Sequence[Person] = ()) -> Person:
        await self.tenant.accounts_by_mail(["admin@woodgrove.com"])
        return await FakeDirectory.identify(self, chat_id)

    async def current_roles(self, people: Sequence[Person]) -> CurrentRoles:
        await self.tenant.group_members(seed.PROJECT_GROUPS[0][0])
        return await FakeDirectory.current_roles(self, people)


@pytest.fixture
async def graph(authority: TokenAuthority, deadlines: Deadlines) -> AsyncIterator[Graph]:
    """The simulator on a socket."""
    graph = Graph(FixedClock(datetime.now(UTC)), authority.accepts, deadlines)
    application = web.Application(middlewares=[graph.door])
    application.add_routes(graph.simulator.routes())
    async with served(application) as address:
        graph.url = f"{address}/graph/v1.0"
        yield graph


@pytest.fixture
async def entra(graph: Graph, authority: TokenAuthority, environment: pytest.MonkeyPatch) -> AsyncIterator[Entra]:
    """The gateway as the running bot makes it."""
    settings = EntraSettings(
        graph_url=graph.url, authority_host=authority.url, tenant_id=seed.HOME_TENANT_ID, client_id=CLIENT_ID
    )
    entra = connect(settings, Traffic(count(0, 1000).__next__))  # hours pass between two tries
    assert await entra.warm() is None
    yield entra
    await entra.close()


@asynccontextmanager
async def a_world(path: Path, graph: Graph, entra: Entra) -> AsyncIterator[World]:
    """The domain over the gateway instead of the fake tenant."""
    entra._tenants_by_name._kept.clear()
    entra._home = None
    entra._guard._trusted_until = float("-inf")
    async with open_world(path, clock=graph.clock) as world:
        directory = AskingDirectory(script=world.script, tenant=entra)
        around: Any = {"service": world.service, "store": world.store, "tenant": entra, "directory": directory}
        world.permission_check = PermissionCheck(
            **around,
            catalog=world.catalog,
            alarms=world.alarms,
            clock=world.clock,
            drift_answers=world.drift_answers,
            denied=world.denied,
            freezes=world.freezes,
            batches=world.batches,
            campaigns=world.campaigns,
        )
        world.preparer = Preparer(**around, catalog=world.catalog, clock=world.clock, alarms=world.alarms)

        async def rest(_: float) -> None:
            await asyncio.sleep(0)

        world.applier = Applier(**around, clock=world.clock, alarms=world.alarms, sleep=rest)
        world.intake = Intake(**around, catalog=world.catalog, clock=world.clock)
        checks = alarm_checks_of(store=world.store, clock=world.clock, tenant=entra, alarms=world.alarms)
        world.checks = ScheduledChecks(checks=checks)
        world.performer = replace(
            world.performer, permission_check=world.permission_check, preparer=world.preparer, applier=world.applier
        )
        assert isinstance(world.performer, Performer)
        yield world


async def minutes(world: World, count: int) -> None:
    """Let time pass as the running bot does: what waits is tried, and it is looked at what should alarm."""
    for _ in range(count):
        world.clock.advance(minutes=1)
        await world.settle()
        await world.checks.run()


async def minutes_until_applied(world: World, most: int) -> AccessRequest | None:
    """Let time pass until the partner's newest request is applied; gives it."""
    for _ in range(most):
        await minutes(world, 1)
        request = await newest(world)
        if request is not None and request.state is S.APPLIED:
            break
    return request


def is_closed(partner: dict[str, Any] | None) -> bool:
    """Tell whether every direction is blocked, nothing is trusted and nobody is synchronized."""
    if partner is None:
        return False
    sync = partner.get("identitySynchronization") or {"userSyncInbound": {"isSyncAllowed": False}}
    wanted = {**closed_document(), "tenantId": CONTOSO}
    shown = {name: value for name, value in told(partner).items() if name in wanted}
    return sync["userSyncInbound"]["isSyncAllowed"] is False and is_equivalent(shown, wanted)


async def waiting_alarms(world: World) -> list[str]:
    return [one.subject for one in await world.store.open_alarms() if one.code is AlarmCode.REVOCATION_NOT_COMPLETE]


async def newest(world: World) -> AccessRequest | None:
    found = await world.store.requests_for(CONTOSO, 1)
    return found[0] if found else None


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.threats("F3", "F10")
async def test_a_fault_at_any_call_of_a_revocation_ends_with_a_closed_partner(
    tmp_path: Path, graph: Graph, entra: Entra, name: str
) -> None:
    number = 0
    while True:
        number += 1
        graph.begin(OPEN)
        async with a_world(tmp_path / f"{number}.db", graph, entra) as world:
            graph.fail(FAULTS[name], first=number, times=1)
            await world.revoke(DANA, CONTOSO)
            request = await minutes_until_applied(world, 4)
            assert request is not None, (name, number, graph.calls)
            assert request.state is S.APPLIED, (name, number, graph.calls, note_words(request.note))
            assert is_closed(graph.partner), (name, number, graph.calls)
            assert await world.store.open_alarms() == [], (name, number)
            assert await world.refusals() == [], (name, number)
            if len(graph.calls) < number:
                break
    assert number >= 9, "people, roles, the tenant, the partner twice, both writes, both readings"


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.threats("F10")
async def test_a_fault_that_stays_alarms_and_the_revocation_is_still_tried(
    tmp_path: Path, graph: Graph, entra: Entra, name: str
) -> None:
    """From the k-th call on everything fails. Once it is mended the partner ends closed, without anybody's doing."""
    for number in range(1, 9):
        graph.begin(OPEN)
        async with a_world(tmp_path / f"{number}.db", graph, entra) as world:
            graph.fail(FAULTS[name], first=number, times=1_000_000)
            await world.revoke(DANA, CONTOSO)
            await minutes(world, 3)
            request = await newest(world)
            if request is None or request.state is not S.APPLIED:
                assert len(await waiting_alarms(world)) == 1, (name, number, graph.calls)
                due, later, parked = await world.store.count_pending(world.clock.now())
                assert (due + later > 0, parked) == (True, 0), (name, number)
            else:
                assert is_closed(graph.partner), (name, number)
            graph.heal()
            request = await minutes_until_applied(world, 7)
            assert request is not None
            assert request.state is S.APPLIED, (name, number, note_words(request.note))
            assert is_closed(graph.partner), (name, number)
            assert await world.store.open_alarms() == [], (name, number)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("partner", [None, {}], ids=["create", "change"])
@pytest.mark.threats("F2", "F3")
async def test_a_fault_at_any_call_of_an_approved_opening_neither_opens_twice_nor_claims_what_is_not(
    tmp_path: Path, graph: Graph, entra: Entra, name: str, partner: dict[str, Any] | None
) -> None:
    number = 0
    while True:
        number += 1
        graph.begin(partner)
        async with a_world(tmp_path / f"{number}.db", graph, entra) as world:
            waiting = await world.waiting()
            for person in (AMARA, BRUNO, CHIE):
                await world.approve(waiting, person, but=Apply)
            before = graph.partner
            graph.fail(FAULTS[name], first=number, times=1)
            await world.settle()
            is_write = any(is_a_write(call) for call in graph.calls[number - 1 : number])
            is_unseen = is_write and name in UNSEEN
            request = await minutes_until_applied(world, UNSEEN_MINUTES if is_unseen else MINUTES)
            where = (name, number, graph.calls)
            assert request is not None, where
            assert graph.done.count("POST") <= 1, where
            if request.state is S.APPLIED:
                assert stands(waiting, graph.partner), where
                assert graph.done == [one.method for one in waiting.plan.operations], where
            else:
                # Graph itself refused for good: it is told, and nothing is written any more.
                assert (name in ("400", "409"), request.state) == (True, S.FAILED), (
                    *where,
                    request.state,
                    note_words(request.note),
                )
                await minutes(world, 3)
                assert (graph.done, graph.partner) == ([], before), where
            if len(graph.calls) < number:
                break
    assert number >= 8, (
        "the batch, in it the partner, the tenant, roles, the default and our own; the write, the reading"
    )


def is_a_write(call: str) -> bool:
    """Tell whether a counted call changes anything; a batch has only reads in it."""
    return not call.startswith("GET") and call != "POST $batch"


def stands(request: AccessRequest, partner: dict[str, Any] | None) -> bool:
    """Tell whether a partner shows the whole plan of a request."""
    configuration = told(request.plan.configuration_after())
    return is_equivalent(
        configuration, {name: value for name, value in (partner or {}).items() if name in configuration}
    )


@pytest.mark.parametrize("name", FAULTS)
async def test_an_opening_that_a_lasting_fault_stops_is_written_once_or_asked_again(
    tmp_path: Path, graph: Graph, entra: Entra, name: str
) -> None:
    """From the write on everything fails for an hour: nothing is written without a chain that counts."""
    graph.begin(None)
    async with a_world(tmp_path / "one.db", graph, entra) as world:
        waiting = await world.waiting()
        for person in (AMARA, BRUNO, CHIE):
            await world.approve(waiting, person, but=Apply)
        graph.fail(FAULTS[name], first=7, times=1_000_000)
        await world.settle()
        assert "POST partners" in graph.calls
        await minutes(world, 20)
        request = await world.request(waiting.id)
        assert request.state is not S.APPLIED
        graph.heal()
        await minutes(world, 3)
        request = await world.request(waiting.id)
        assert graph.done.count("POST") <= 1
        if request.state is S.APPLIED:
            assert stands(waiting, graph.partner)
        else:
            assert request.state in (S.FAILED, S.AWAITING_APPROVAL), note_words(request.note)
            assert request.decisions == () or request.state is S.FAILED


async def test_a_wait_of_centuries_is_a_wait_of_minutes(tmp_path: Path, graph: Graph, entra: Entra) -> None:
    graph.begin(OPEN)
    graph.fail(FAULTS["429 for centuries"], first=1, times=10)
    with pytest.raises(TenantUnavailable) as busy:
        await entra.read_partner(CONTOSO)
    assert busy.value.retry_after == 300.0
