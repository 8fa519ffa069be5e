"""Random days of several requests, with a real store and a clock that moves: nothing waits for ever, nothing is written
without its chain, and nobody is reminded twice of the same.
"""

import asyncio
import tempfile
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, MALLORY, RILEY, SAM, everybody
from tests.workflows.core.strategies import PROPERTY
from tests.workflows.small_scope.ledger import Given, Ledger
from tests.workflows.world import CONTOSO, World, filled_form, open_world
from workflows.app.requests.edits.editing import RequestEditor
from workflows.app.requests.forms import EditedRequest, InvalidForm
from workflows.app.schedule.ticker import tick
from workflows.core.errors.raised import Refused
from workflows.core.people import ChatId, Person, Role
from workflows.core.requests.commands.request import Withdraw
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.notifier import NotifierUnavailable
from workflows.ports.people_directory import PeopleDirectoryUnavailable
from workflows.ports.tenant import TenantUnavailable

EVERYONE: Final = (RILEY, SAM, AMARA, BRUNO, CHIE, DANA, MALLORY)
PEOPLE: Final = st.sampled_from(EVERYONE)
PARTNERS: Final = ("contoso.com", "fabrikam.com", "litware.com")
TEMPLATES: Final = st.sampled_from(["trusted-partner", "guest-collaboration", "contractor-portal"])
OUTAGES: Final[dict[str, type[Exception]]] = {
    "tenant.read_partner": TenantUnavailable,
    "directory.identify": PeopleDirectoryUnavailable,
    "directory.current_roles": PeopleDirectoryUnavailable,
    "notifier.show_request": NotifierUnavailable,
    "notifier.remind": NotifierUnavailable,
}
WITNESSED: Final[Counter[str]] = Counter()
"""How often what the checks are about came up."""
PATIENCE: Final = timedelta(days=120)
"""Longer than every deadline, with every time for which a clock can stop."""
WAITS: Final = (*[1] * 15, *[5] * (PATIENCE.days // 5 - 3))
"""The days of this time: first each day with its reminders, then what is left."""


class Days(RuleBasedStateMachine):
    """People ask, decide, edit and withdraw; roles change; systems fail for a while; time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.world: World = self.run(self._open())
        self.usual = dict(everybody().roles)
        self.written: set[RequestId] = set()
        self.known: list[RequestId] = []

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def _open(self) -> World:
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        world = await self.stack.enter_async_context(open_world(Path(folder) / "gatehouse.db"))
        for number, partner in enumerate(PARTNERS[1:], start=1):
            tenant_id = TenantId(f"{number:08d}-0000-4000-8000-000000000000")
            world.tenant.add_tenant(replace(CONTOSO, tenant_id=tenant_id, default_domain=partner), partner)
        return world

    def teardown(self) -> None:
        """Wait longer than every deadline: every request has ended, and the checks above held all the time."""
        try:
            for days in WAITS:
                self.run(self._pass(timedelta(days=days)))
                self.run(self._check_writes())
                self._check_reminders()
            self.run(self._nothing_waits())
            WITNESSED["asked"] += len(self.known)
            WITNESSED["reminded"] += len(self.world.notifier.reminded)
            WITNESSED["expired"] += len(self.world.notifier.expired)
        finally:
            self.run(self.stack.aclose())
            self.runner.close()

    async def _nothing_waits(self) -> None:
        waiting = [one for one in await self.world.all_requests() if one.fields.kind is not RequestKind.REVOCATION]
        assert not waiting, f"waits for ever: {[(one.id, one.state.value, one.note) for one in waiting]}"

    async def _pass(self, time: timedelta) -> None:
        world = self.world
        world.clock.advance(seconds=time.total_seconds())
        await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
        await world.settle()

    async def _check_writes(self) -> None:
        """Count the chain of every request that was sent for the first time, from the audit log alone."""
        for request_id in self.known:
            request = await self.world.request(request_id)
            if request.writing_since is None or request_id in self.written:
                continue
            self.written.add(request_id)
            WITNESSED["written"] += 1
            ledger = await self._ledger(request)
            whole = ledger.is_whole(request.require_prepared().stages, request.plan.digest, self.world.directory.roles)
            assert whole, f"{request_id} was written without its chain: {ledger}"

    async def _ledger(self, request: AccessRequest) -> Ledger:
        barred = frozenset({RILEY.id, *(one.id for one in EVERYONE if one.chat_id == request.fields.sponsor)})
        ledger = Ledger(barred=barred, asked_until=request.created_at + PATIENCE)
        people = {one.chat_id: one for one in EVERYONE}
        for entry in reversed(await self.world.store.history(request_id=request.id, limit=1000)):
            if entry.outcome != "accepted":
                continue
            actor = people.get(ChatId(entry.actor))
            if entry.command == "edit":
                assert actor is not None
                ledger = ledger.edited(actor.id, ledger.deadline)
            elif entry.command == "approve" and actor is not None:
                given = Given(person=actor.id, digest=str(entry.details["digest"]), at=entry.at)
                ledger = Ledger(barred=ledger.barred, asked_until=ledger.deadline, given=ledger.given | {given})
        return ledger

    @invariant()
    def nothing_is_written_without_its_chain(self) -> None:
        self.run(self._check_writes())

    @invariant()
    def nobody_is_reminded_twice(self) -> None:
        self._check_reminders()

    def _check_reminders(self) -> None:
        reminders = [(one.id, one.round, one.reminders) for one in self.world.notifier.reminded]
        assert len(reminders) == len(set(reminders)), reminders
        expired = [one.id for one in self.world.notifier.expired]
        assert len(expired) == len(set(expired)), expired

    @rule(template=TEMPLATES, sponsor=st.sampled_from([SAM, RILEY, CHIE]), partner=st.sampled_from(PARTNERS))
    def ask(self, template: str, sponsor: Person, partner: str) -> None:
        with suppress(Refused, InvalidForm):
            filing = self.world.file(template=template, sponsor=sponsor.chat_id, target=partner)
            self.known.append(self.run(filing))
        self.run(self.world.settle())

    @rule(person=PEOPLE, which=st.integers(0, 3))
    def approve(self, person: Person, which: int) -> None:
        if request := self._one(which):
            self.run(self.world.approve(request, person))

    @rule(people=st.permutations(EVERYONE), which=st.integers(0, 3))
    def approve_in_turn(self, people: list[Person], which: int) -> None:
        for person in people:
            self.approve(person, which)

    @rule(person=PEOPLE, which=st.integers(0, 3), really=st.sampled_from([False] * 3 + [True]))
    def reject(self, person: Person, which: int, really: bool) -> None:
        if really and (request := self._one(which)):
            self.run(self.world.reject(request, person))

    @rule(person=st.sampled_from([RILEY, AMARA]), which=st.integers(0, 3), really=st.sampled_from([False] * 5 + [True]))
    def withdraw(self, person: Person, which: int, really: bool) -> None:
        if really and (request := self._one(which)):
            self.run(self.world.click(Withdraw(actor=person.chat_id, request_id=request.id)))

    @rule(person=st.sampled_from([RILEY, RILEY, BRUNO]), which=st.integers(0, 3), text=st.sampled_from(["May", "June"]))
    def edit(self, person: Person, which: int, text: str) -> None:
        request = self._one(which)
        if request is None:
            return
        form = filled_form(
            requester=person.chat_id,
            template=request.fields.template,
            justification=f"Launch in {text}",
            edited_request=EditedRequest(request_id=request.id, digest=request.plan.digest),
        )
        with suppress(Refused, InvalidForm):
            self.run(RequestEditor(intake=self.world.intake).edit(form, key=self.world.key()))
        self.run(self.world.settle())

    @rule(person=PEOPLE, roles=st.sampled_from(["", "security", "data-owner", "security data-owner"]))
    def change_roles(self, person: Person, roles: str) -> None:
        self.world.directory.roles[person.id] = frozenset(map(Role, roles.split()))

    @rule()
    def restore_roles(self) -> None:
        self.world.directory.roles.update(self.usual)

    @rule(method=st.sampled_from(sorted(OUTAGES)), times=st.integers(1, 3))
    def fail(self, method: str, times: int) -> None:
        self.world.script.fail(method, OUTAGES[method]("slow down"), times=times)

    @rule(hours=st.sampled_from([1, 8, 24, 72, 200]))
    def wait(self, hours: int) -> None:
        self.run(self._pass(timedelta(hours=hours)))

    def _one(self, which: int) -> AccessRequest | None:
        waiting = [one for one in self.run(self.world.all_requests()) if one.state is RequestState.AWAITING_APPROVAL]
        return waiting[which % len(waiting)] if waiting else None


def is_enough_witnessed() -> bool:
    """Return whether the days had everything that the rules are about."""
    return all(WITNESSED[name] >= 10 for name in ("asked", "written", "reminded", "expired"))


@pytest.mark.load
def test_on_every_day_nothing_waits_for_ever_and_nothing_is_written_without_its_chain() -> None:
    WITNESSED.clear()
    days = settings(PROPERTY, max_examples=150, stateful_step_count=25, derandomize=False)
    for _ in range(5):  # random days may have few of one thing
        run_state_machine_as_test(Days, settings=days)
        if is_enough_witnessed():
            break
    print(dict(WITNESSED))
    assert is_enough_witnessed(), WITNESSED
