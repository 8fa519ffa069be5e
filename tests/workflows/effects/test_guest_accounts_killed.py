"""Whatever step of writing guest accounts ends the process, every account is written once, and nobody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.core.strategies import PROPERTY
from tests.workflows.effects.test_guest_accounts import asked, confirm, ends, finish, put_guests
from tests.workflows.fakes import Crash
from tests.workflows.guest_accounts import guest
from tests.workflows.world import World, open_world, restarted
from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountEnd, AccountOutcome
from workflows.core.requests.effects import Apply
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.core.requests.transitions.guest_accounts import progress_of

COUNT: Final = 500
STEPS: Final = ("store.commit", "accounts.read", "accounts.roles", "accounts.set_enabled")
"""The calls at which a process can end."""


@asynccontextmanager
async def after_kill(world: World) -> AsyncIterator[World]:
    """Start the process again: with its file, its clock, and the tenant as it is now."""
    before = world.guest_accounts
    async with restarted(world) as again:
        now = again.guest_accounts
        now.states, now.role_names, now.answer = before.states, before.role_names, before.answer
        now.takes_unknown, now.sent = before.takes_unknown, before.sent
        now.effective, now.repeated = before.effective, before.repeated
        yield again


async def run_through(world: World, request_id: RequestId) -> tuple[AccessRequest, int]:
    """Let the writer run until the request has ended, and start the process again each time it is killed."""
    try:
        return await finish(world, request_id, rounds=2000), 0
    except Crash:
        async with after_kill(world) as again:
            done, kills = await run_through(again, request_id)
            return done, kills + 1


async def confirmed(world: World, count: int) -> AccessRequest:
    """Show accounts and confirm them; nothing is written yet."""
    put_guests(world, map(guest, range(count)))
    return await confirm(world, await asked(world), but=Apply)


async def steps_of(world: World, count: int) -> int:
    """How many steps it takes to write so many accounts."""
    request = await confirmed(world, count)
    begun = len(world.script.calls)
    await finish(world, request.id)
    return sum(call in STEPS for call in world.script.calls[begun:])


@pytest.mark.crash
@pytest.mark.parametrize("after", [False, True], ids=["before_the_step", "after_the_step"])
async def test_killed_at_every_step_each_account_is_written_once(world: World, tmp_path: Path, *, after: bool) -> None:
    steps = await steps_of(world, 45)
    assert steps > 15
    for step in range(1, steps + 1):
        async with open_world(tmp_path / f"{step}-{after}.db") as killed:
            request = await confirmed(killed, 45)
            passed = [0]
            _kill_at(killed, {step}, passed, after=after)
            done, kills = await run_through(killed, request.id)
        assert (done.state, ends(done)) == (RequestState.APPLIED, {AccountEnd.DONE: 45}), step
        accounts = killed.guest_accounts
        assert sorted(accounts.effective) == sorted(one.id for one in map(guest, range(45))), step
        assert accounts.repeated == [], step
        assert kills == 1, step


def _kill_at(world: World, steps: set[int], passed: list[int], *, after: bool) -> None:
    """Let the process end at these steps, counted over all processes."""
    begin, end = world.script.begin, world.script.end
    due = [False]

    async def counted(method: str):  # type: ignore[no-untyped-def]  # the class of a fault is private
        if method in STEPS:
            passed[0] += 1
            due[0] = passed[0] in steps
            if due[0] and not after:
                raise Crash
        return await begin(method)

    def ended(fault):  # type: ignore[no-untyped-def]
        if due[0] and after:
            due[0] = False
            raise Crash
        end(fault)

    world.script = _Killing(world.script, counted, ended)  # type: ignore[assignment]
    world.store.script = world.guest_accounts.script = world.script


class _Killing:
    """A script that ends the process at some steps."""

    def __init__(self, script, begin, end) -> None:  # type: ignore[no-untyped-def]
        self._script, self.begin, self.end = script, begin, end

    def __getattr__(self, name: str) -> object:
        return getattr(self._script, name)


@dataclass
class Chances:
    """What goes wrong in one run, from one seed."""

    random: Random
    refused: set[PersonId] = field(default_factory=set)
    sent_to: list[PersonId] = field(default_factory=list)

    def answer(self, person: PersonId) -> AccountOutcome:
        """One in ten is throttled, one in fifty has no answer, and who is to be refused is refused."""
        self.sent_to.append(person)
        if person in self.refused:
            return AccountOutcome.REFUSED
        chance = self.random.random()
        if chance < 0.10:
            return AccountOutcome.LATER
        return AccountOutcome.UNKNOWN if chance < 0.12 else AccountOutcome.ACCEPTED


async def write_with(seed: int) -> None:
    """Write 500 accounts with throttling, lost answers, refusals, changed accounts and kills from one seed."""
    random = Random(seed)
    chances = Chances(random)
    with TemporaryDirectory() as folder:
        async with open_world(Path(folder) / "gatehouse.db") as world:
            request = await confirmed(world, COUNT)
            everybody = [one.id for one in map(guest, range(COUNT))]
            changed = set(random.sample(everybody, 25))
            chances.refused = set(random.sample(sorted(set(everybody) - changed), 3))
            for number, person in enumerate(sorted(changed)):
                _change(world, person, number)
            world.guest_accounts.put(*(guest(number) for number in range(COUNT, COUNT + 50)))
            world.guest_accounts.answer = chances.answer
            world.guest_accounts.takes_unknown = lambda _: random.random() < 0.5
            kills = set(random.sample(range(1, 120), 12))
            done, killed = await _run_killed(world, request.id, kills)
            _check(world, done, chances, changed)
            print(
                f"seed {seed}: {COUNT} accounts, {len(world.guest_accounts.sent)} groups, killed {killed} times, "
                f"{len(chances.sent_to)} writes sent, {len(world.guest_accounts.effective)} took effect, "
                f"{len(world.guest_accounts.repeated)} repeated, ends {progress_of(done).counts}"
            )


async def _run_killed(world: World, request_id: RequestId, kills: set[int]) -> tuple[AccessRequest, int]:
    passed, count, random = [0], 0, Random(len(kills))

    async def run(one: World) -> tuple[AccessRequest, int]:
        nonlocal count
        _kill_at(one, kills, passed, after=random.random() < 0.5)
        try:
            return await finish(one, request_id, rounds=2000), count
        except Crash:
            count += 1
            async with after_kill(one) as again:
                return await run(again)

    return await run(world)


def _change(world: World, person: PersonId, number: int) -> None:
    """Change an account between the preview and the write."""
    match number % 5:
        case 0:
            world.guest_accounts.change(person, user_type="member")
        case 1:
            world.guest_accounts.role_names[person] = ("Reports Reader",)
        case 2:
            world.guest_accounts.change(person, is_synchronized=True)
        case 3:
            world.guest_accounts.change(person, mail="somebody.else@fabrikam.com")
        case _:
            del world.guest_accounts.states[person]


def _check(world: World, done: AccessRequest, chances: Chances, changed: set[PersonId]) -> None:
    plan, accounts = done.plan.accounts, world.guest_accounts
    assert plan is not None
    shown = {one.id for one in plan.accounts}
    wanted = shown - changed - chances.refused
    assert done.state is RequestState.APPLIED
    assert set(chances.sent_to) <= shown - changed, "nobody else, and nobody who changed"
    assert sorted(accounts.effective) == sorted(wanted), "everybody once"
    assert accounts.repeated == [], "nobody twice whose state is known"
    assert {
        person for person in shown if person in accounts.states and not accounts.states[person].is_enabled
    } == wanted
    assert progress_of(done).count(AccountEnd.DONE) == len(wanted)
    assert progress_of(done).count(AccountEnd.REFUSED) == len(chances.refused)
    left = progress_of(done).count(AccountEnd.LEFT_ALONE) + progress_of(done).count(AccountEnd.GONE)
    assert left == len(changed)


@pytest.mark.crash
@given(seed=st.integers(0, 2**32 - 1))
@settings(PROPERTY, max_examples=4)
def test_five_hundred_accounts_survive_kills_throttling_and_lost_answers(seed: int) -> None:
    asyncio.run(write_with(seed))
