"""A changed audit log is an alarm and stops what opens access; closing goes on. The head is posted once a day."""

from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.core.builders import AMARA, DANA, TENANT
from tests.workflows.store.stores import KINDS
from tests.workflows.store.worlds import change, on_server, open_world_of, restarted_of
from tests.workflows.world import World
from workflows.app.evidence.chain_watch import ChainWatch
from workflows.app.evidence.posted_heads import PostedHeads
from workflows.app.reads.known_freeze import known_freeze
from workflows.core.audit.heads import parse_head
from workflows.core.audit.verifying import ChainProblem
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import PartnershipState
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.commands.request import Comment
from workflows.core.requests.effects import PostAuditHead
from workflows.core.requests.request import RequestState
from workflows.intervals import AUDIT_VERIFIED_EVERY
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit

DAY = timedelta(days=1)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of store."""
    return str(request.param)


@pytest.fixture
async def world(kind: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world with some entries."""
    async with open_world_of(kind, tmp_path) as made:
        await add(made, 5)
        yield made


async def add(world: World, count: int) -> None:
    """Store entries that are about nothing."""
    for _ in range(count):
        entry = AuditEntry(
            key=world.key(), at=world.clock.now(), actor="U1", command="tell", outcome="accepted", details={}
        )
        await world.store.commit(Commit(entry=entry))


@dataclass(slots=True)
class Watch:
    """The watch, with what it started in the background."""

    world: World
    started: list[Coroutine[Any, Any, None]] = field(default_factory=list)
    watch: ChainWatch = field(init=False)

    def __post_init__(self) -> None:
        def why(problem: ChainProblem) -> str:
            return f"{problem.code.value} {problem.seq}"

        self.watch = ChainWatch(
            store=self.world.store,
            clock=self.world.clock,
            alarms=self.world.alarms,
            freeze=self.world.freezes.freeze_by_itself,
            why=why,
            start=self.started.append,
        )

    async def check_all(self) -> None:
        """Let a day pass, and verify everything."""
        self.world.clock.moment += AUDIT_VERIFIED_EVERY
        await self.watch.check()
        while self.started:
            await self.started.pop()

    async def tick(self) -> None:
        """Check as each tick does, and let what was started follow."""
        await self.watch.check()
        while self.started:
            await self.started.pop()

    async def alarms(self) -> list[str]:
        """The subjects of the open alarms about the log."""
        return [one.subject for one in await self.world.store.open_alarms() if one.code is AlarmCode.AUDIT_CHAIN]


async def end_freeze(world: World) -> None:
    """Have two admins end the freeze."""
    freeze = await world.store.freeze()
    assert freeze is not None
    now = world.clock.now()
    ended = replace(freeze, version=freeze.version + 1, state=freeze.state.ENDED, ended_by=DANA, ended_at=now)
    entry = AuditEntry(key=world.key(), at=now, actor="U1", command="end_freeze", outcome="accepted", details={})
    await world.store.commit(Commit(entry=entry, freeze=ended))


async def test_a_whole_log_raises_nothing_and_is_verified_once_a_day(world: World) -> None:
    watch = Watch(world)
    await watch.watch.check_newest()
    await watch.check_all()
    assert (await watch.alarms(), await known_freeze(world.store)) == ([], None)
    await watch.watch.check()
    assert not watch.started
    async with restarted_of(world) as again:
        await (later := Watch(again)).watch.check()
        assert not later.started


@pytest.mark.threats("G7")
async def test_a_changed_log_is_an_alarm_and_freezes_what_opens(world: World) -> None:
    watch = Watch(world)
    change(world, "update audit set actor = 'U9' where seq = 3")
    await watch.watch.check_newest()
    assert await watch.alarms() == ["edited:3"]
    freeze = await known_freeze(world.store)
    assert freeze is not None
    assert (freeze.by, freeze.reason) == ("Gatehouse", "edited 3")


@pytest.mark.threats("G7")
async def test_during_that_nothing_is_opened_and_closing_goes_on(kind: str, tmp_path: Path) -> None:
    async with open_world_of(kind, tmp_path) as world:
        request = await world.approved()
        change(world, "delete from audit where seq = 2")
        await Watch(world).watch.check_newest()
        assert (await world.settled(request.id)).state is RequestState.APPLYING
        assert world.tenant.attempts == []
        await world.revoke(DANA)
        assert world.tenant.attempts
        record = await world.store.partnership(TENANT)
        assert record is not None
        assert record.state is PartnershipState.REVOKED


async def test_a_problem_that_two_admins_know_does_not_freeze_again(world: World) -> None:
    watch = Watch(world)
    change(world, "update audit set actor = 'U9' where seq = 3")
    await watch.watch.check_newest()
    await end_freeze(world)
    await watch.check_all()
    assert (await watch.alarms(), await known_freeze(world.store)) == (["edited:3"], None)
    change(world, "update audit set actor = 'U9' where seq = 4")
    await watch.check_all()
    assert await known_freeze(world.store) is not None


async def test_a_problem_that_was_found_during_another_freeze_is_new_after_it(world: World) -> None:
    watch = Watch(world)
    await world.freezes.freeze_without_person(key=world.key(), user="os:maria", reason="An exercise.")
    change(world, "update audit set actor = 'U9' where seq = 3")
    await watch.watch.check_newest()
    await end_freeze(world)
    await watch.check_all()
    assert await known_freeze(world.store) is not None


async def test_a_log_that_is_whole_again_ends_the_alarm(world: World) -> None:
    watch = Watch(world)
    change(world, "update audit set actor = 'U9' where seq = 3")
    await watch.check_all()
    change(world, "update audit set actor = 'U1' where seq = 3")
    await watch.watch.check_newest()
    assert await watch.alarms() == ["edited:3"]  # only a verification of everything can say so
    await watch.check_all()
    assert await watch.alarms() == []


async def cut_newest(world: World) -> int:
    """Cut off the newest entry, so that its number is given again; returns the number."""
    seq = (await world.store.chain_end()).seq
    change(world, f"delete from audit where seq = {seq}")
    numbers = (
        "sqlite_sequence set seq = ? where name = 'audit'" if on_server(world) is None else "audit_head set seq = ?"
    )
    change(world, f"update {numbers}", seq - 1)
    return seq


@pytest.mark.threats("G7")
async def test_an_entry_that_is_cut_off_beside_a_running_bot_is_an_alarm_at_the_next_tick(
    kind: str, tmp_path: Path
) -> None:
    async with open_world_of(kind, tmp_path) as world:
        request = await world.waiting()
        await add(world, 1)  # without records
        watch = Watch(world)
        await watch.tick()
        await watch.tick()  # all entries are followed now
        assert await watch.alarms() == []
        seq = await cut_newest(world)
        await watch.tick()
        assert await watch.alarms() == [f"tail_cut:{seq}"]
        freeze = await known_freeze(world.store)
        assert freeze is not None
        assert freeze.reason == f"tail_cut {seq}"
        await watch.check_all()  # the log that is left is whole, and signed
        await watch.tick()
        assert (await world.store.verify_chain()).is_whole
        assert await watch.alarms() == [f"tail_cut:{seq}"]
        async with restarted_of(world) as again:
            await (later := Watch(again)).check_all()
            assert await later.alarms() == [f"tail_cut:{seq}"], "two admins end the freeze first"
            assert (await again.request(request.id)).state is RequestState.AWAITING_APPROVAL


@pytest.mark.threats("G7")
async def test_a_click_after_a_cut_is_refused_for_the_cut_and_is_not_called_added(kind: str, tmp_path: Path) -> None:
    async with open_world_of(kind, tmp_path) as world:
        request = await world.waiting()
        await add(world, 1)
        watch = Watch(world)
        await watch.tick()
        await watch.tick()
        seq = await cut_newest(world)
        await world.approve(request, AMARA)  # gets the number of the entry that was cut off
        assert (await world.refusals())[-1] == (AMARA.chat_id, RefusalCode.NOT_AS_SIGNED)
        assert [one.name for one in world.store.take_unproven()] == [f"tail_cut:{seq}"]
        await world.click(Comment(actor=AMARA.chat_id, request_id=request.id, text="I ask them."))
        assert [one.text for one in (await world.request(request.id)).remarks] == ["I ask them."]
        await watch.tick()
        assert await watch.alarms() == [f"tail_cut:{seq}"]


@pytest.mark.threats("G7")
async def test_a_click_whose_own_entry_is_cut_off_is_refused_for_the_cut(kind: str, tmp_path: Path) -> None:
    async with open_world_of(kind, tmp_path) as world:
        request = await world.waiting()
        check = await world.received(world.approval(request, AMARA))
        change(world, "delete from audit where seq = (select max(seq) from audit)")
        await world.permission_check.check_click(check)
        assert (await world.request(request.id)).decisions == ()
        assert [one.code.value for one in world.store.take_unproven()] == ["tail_cut"]


@pytest.mark.threats("G7")
async def test_two_admins_end_a_freeze_about_a_cut_and_clicks_count_again(kind: str, tmp_path: Path) -> None:
    async with open_world_of(kind, tmp_path) as world:
        request = await world.waiting()
        await add(world, 1)
        watch = Watch(world)
        await watch.tick()
        await watch.tick()
        await cut_newest(world)
        await watch.tick()
        world.directory.assign(AMARA, "security admin")
        await world.click(ChangeFreeze(actor=DANA.chat_id, step=FreezeStep.ASK_END, version=1))
        await world.click(ChangeFreeze(actor=AMARA.chat_id, step=FreezeStep.END, version=2))
        assert await known_freeze(world.store) is None
        await watch.check_all()
        assert (await watch.alarms(), await known_freeze(world.store)) == ([], None)
        await world.approve(await world.request(request.id), AMARA)
        assert len((await world.request(request.id)).decisions) == 1


async def test_a_log_that_cannot_be_read_does_not_stop_the_bot(world: World) -> None:
    watch = Watch(world)
    change(world, "alter table audit rename column mac to other")
    await watch.watch.check_newest()
    change(world, "alter table audit rename column other to mac")


async def heads(world: World) -> list[PostAuditHead]:
    """The stored effects that post a head."""
    pending = await world.store.pending(world.clock.now(), 100)
    return [one.effect for one in pending if isinstance(one.effect, PostAuditHead)]


async def posted_numbers(world: World) -> list[int]:
    """The numbers of the heads that were posted, as the log has them; the newest first."""
    return [one.details["seq"] for one in await world.store.history() if one.command == "post_audit_head"]


def posted(world: World) -> PostedHeads:
    """What posts heads, as after a start."""

    async def start_name() -> str:
        return "inst-1:7"

    return PostedHeads(store=world.store, clock=world.clock, wake=lambda: None, start_name=start_name)


@pytest.mark.threats("G7")
async def test_the_head_is_posted_once_a_day_also_over_restarts(world: World) -> None:
    await posted(world).check()
    assert await heads(world) == []  # the log began today
    world.clock.moment += DAY
    same = posted(world)
    await same.check()
    await same.check()
    async with restarted_of(world) as again:
        await posted(again).check()
        (effect,) = await heads(again)
        head = parse_head(effect.head)
        assert head is not None
        assert (head.seq, effect.seq, head.installation) == (5, 5, "inst-1:7")
        assert await posted_numbers(again) == [5]
        again.clock.moment += DAY
        await posted(again).check()
        assert await posted_numbers(again) == [6, 5]
        await again.performer.perform(effect)
        assert again.notifier.audit_heads == [(effect.head, 5)]


async def test_a_clock_that_is_set_back_posts_nothing_twice(world: World) -> None:
    world.clock.moment += DAY
    await posted(world).check()
    world.clock.moment += DAY
    await posted(world).check()
    world.clock.moment -= DAY
    await posted(world).check()
    assert await posted_numbers(world) == [6, 5]
