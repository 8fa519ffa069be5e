"""Notices before the end of an access, and the end itself: each step once, and no block without a notice."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, NOW, SAM, TENANT, identity, partnership, person
from tests.workflows.world import World, open_world, restarted
from workflows.app.schedule.access_ends import AccessEnds
from workflows.app.schedule.downtime import LAST_TICK
from workflows.app.schedule.ticker import tick
from workflows.core.partners.access_end.decision import EndStep
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.plans.plan import AtEnd
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.effects import Apply
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import NotifierUnavailable
from workflows.ports.records import Commit

DAY: Final = timedelta(days=1)


async def look(world: World) -> None:
    """Tick, look for ends, and let everything follow."""
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await world.ends.check()
    await world.reviews.check()
    await world.silences.check()
    await world.settle()


async def passes(world: World, until: datetime) -> None:
    """Let time pass while the bot runs."""
    world.clock.advance(seconds=(until - world.clock.now()).total_seconds())
    await world.store.save_mark(LAST_TICK, (world.clock.now() - timedelta(seconds=5)).isoformat())
    await look(world)


async def jumps(world: World, until: datetime) -> None:
    """Move the clock while the bot does not run, or without its noticing."""
    world.clock.advance(seconds=(until - world.clock.now()).total_seconds())
    await look(world)


async def record(world: World) -> Partnership:
    found = await world.store.partnership(TENANT)
    assert found is not None
    return found


async def end(world: World) -> datetime:
    ends_at = (await record(world)).ends_at
    assert ends_at is not None
    return ends_at


def notices(world: World) -> list[tuple[int, EndStep | None]]:
    return [(one.days, one.step) for announced, _ in world.notifier.ends for one in announced]


async def blocks(world: World) -> list[AccessRequest]:
    return [one for one in await world.store.requests_for(TENANT, 50) if one.fields.kind is RequestKind.REVOCATION]


@pytest.fixture
async def opened(world: World) -> World:
    """A world in which Contoso is open for 180 days, and is blocked at the end."""
    await world.opened()
    await look(world)
    assert (await record(world)).at_end is AtEnd.BLOCK
    return world


async def test_four_notices_then_the_block_at_the_stored_moment(opened: World) -> None:
    ends_at = await end(opened)
    for days in (30, 14, 3, 1):
        await passes(opened, ends_at - days * DAY - timedelta(minutes=1))
        await passes(opened, ends_at - days * DAY)
        await look(opened)
    assert notices(opened) == [(30, None), (14, None), (3, None), (1, None)]
    assert all(one.delivered_at for one in (await record(opened)).end_notices)
    await passes(opened, ends_at - timedelta(minutes=1))
    assert await blocks(opened) == []
    await passes(opened, ends_at)
    [block] = await blocks(opened)
    assert (block.state, block.is_block_at_end, block.not_closed) == (RequestState.APPLIED, True, ())
    assert block.plan.is_revocation
    assert block.plan.before, "the before-image is kept"
    assert (await record(opened)).state is PartnershipState.REVOKED
    assert opened.notifier.blocks_shown == [block]
    assert ("gatehouse", "block_at_end", "accepted") in await opened.log(of=block.id)
    assert ("gatehouse", "record_applied", "accepted") in await opened.log(of=block.id)
    assert not [one for one in opened.notifier.told if one[0] == "gatehouse"]


async def test_an_ignored_end_blocks_once_also_when_it_is_looked_at_again(opened: World) -> None:
    ends_at = await end(opened)
    await passes(opened, ends_at - 30 * DAY)
    for _ in range(3):
        await passes(opened, ends_at + timedelta(minutes=1))
    assert len(await blocks(opened)) == 1
    assert len(opened.notifier.blocks_shown) == 1
    assert notices(opened) == [(30, None)], "no question, and no review beside it"
    assert (await record(opened)).state is PartnershipState.REVOKED


async def test_the_log_names_the_request_of_a_block_at_the_end_once(opened: World) -> None:
    ends_at = await end(opened)
    await passes(opened, ends_at - 30 * DAY)
    with capture_logs() as lines:
        for _ in range(2):
            await passes(opened, ends_at + timedelta(minutes=1))
    [block] = await blocks(opened)
    [entry] = [one for one in await opened.store.history(limit=100) if one.command == "block_at_end"]
    stored = [(line["request"], line["entry"]) for line in lines if line["event"] == "request_stored"]
    assert stored == [(block.id, entry.key)]


async def test_a_clock_that_jumps_over_the_end_never_blocks(opened: World) -> None:
    ends_at = await end(opened)
    await passes(opened, ends_at - 30 * DAY)
    await jumps(opened, ends_at + DAY)
    assert await blocks(opened) == []
    assert notices(opened)[-1] == (0, EndStep.NOT_ANNOUNCED)
    await jumps(opened, ends_at + 40 * DAY)
    assert await blocks(opened) == [], "and no second jump either"


async def test_a_clock_that_jumps_between_the_tick_and_the_look_changes_nothing(opened: World) -> None:
    ends_at = await end(opened)
    await passes(opened, ends_at - 30 * DAY)
    opened.clock.advance(days=31)
    await opened.ends.check()
    await opened.settle()
    assert await blocks(opened) == []
    assert notices(opened) == [(30, None)]


async def test_an_end_that_was_not_announced_asks_and_blocks_after_a_week(opened: World) -> None:
    ends_at = await end(opened)
    await jumps(opened, ends_at + timedelta(hours=1))
    assert notices(opened) == [(0, EndStep.NOT_ANNOUNCED)]
    [announced], _ = opened.notifier.ends[0]
    assert announced.blocked_at == ends_at + 7 * DAY
    await passes(opened, ends_at + 6 * DAY)
    assert await blocks(opened) == []
    await passes(opened, ends_at + 7 * DAY + timedelta(minutes=2))
    assert len(await blocks(opened)) == 1
    assert notices(opened) == [(0, EndStep.NOT_ANNOUNCED)], "asked once"


async def test_an_end_of_which_nobody_can_be_told_alarms_and_stays_open(opened: World) -> None:
    opened.notifier.delivers_notices = False
    ends_at = await end(opened)
    await passes(opened, ends_at - 30 * DAY)
    await passes(opened, ends_at)
    await passes(opened, ends_at + 8 * DAY)
    assert await blocks(opened) == []
    [alarm] = [one for one in await opened.store.open_alarms() if one.code is AlarmCode.END_NOT_ANNOUNCED]
    assert alarm.values == {"partners": ["contoso.com"], "count": 1}
    await opened.revoke(DANA)
    await passes(opened, ends_at + 9 * DAY)
    assert not [one for one in await opened.store.open_alarms() if one.code is AlarmCode.END_NOT_ANNOUNCED]


async def test_an_open_extension_is_waited_for_and_blocked_after_it_ended(opened: World) -> None:
    ends_at = await end(opened)
    await passes(opened, ends_at - 2 * DAY)
    await passes(opened, ends_at - DAY)
    asked = await opened.waiting()
    await passes(opened, ends_at + timedelta(minutes=1))
    assert await blocks(opened) == []
    await passes(opened, ends_at + 3 * DAY)
    await opened.reject(asked, AMARA)
    await passes(opened, ends_at + 8 * DAY)
    assert len(await blocks(opened)) == 1


async def test_requests_that_nobody_wants_do_not_delay_the_block(opened: World) -> None:
    """They are waited for until a week after the end, and people are told."""
    ends_at = await end(opened)
    await passes(opened, ends_at - 2 * DAY)
    await passes(opened, ends_at - DAY)
    asked = await opened.waiting()
    await passes(opened, ends_at + timedelta(minutes=1))
    assert opened.notifier.ends[-1][0][0].extension is not None, "people are told which request is waited for"
    assert opened.notifier.ends[-1][0][0].blocked_at == ends_at + 7 * DAY
    await passes(opened, ends_at + 6 * DAY)
    assert await blocks(opened) == []
    await passes(opened, ends_at + 7 * DAY)
    assert len(await blocks(opened)) == 1
    assert (await opened.request(asked.id)).state is RequestState.STOPPED


@pytest.mark.parametrize("is_planned", [False, True], ids=["preparing", "planned"])
async def test_a_partner_that_was_extended_before_its_block_began_is_not_blocked(
    opened: World, is_planned: bool
) -> None:
    """Graph did not answer, or the process was killed, between the block and its write. The extension was approved."""
    ends_at = await end(opened)
    await passes(opened, ends_at - 14 * DAY)
    await passes(opened, ends_at - 3 * DAY)
    opened.clock.advance(seconds=(ends_at + timedelta(minutes=1) - opened.clock.now()).total_seconds())
    await opened.store.save_mark(LAST_TICK, (opened.clock.now() - timedelta(seconds=5)).isoformat())
    await tick(service=opened.service, store=opened.store, directory=opened.directory, clock=opened.clock)
    await opened.ends.check()
    if is_planned:
        await opened.settle(but=Apply)
    known = await record(opened)
    assert known.blocked_by is not None
    block = await opened.request(known.blocked_by)
    assert block.state is (RequestState.APPLYING if is_planned else RequestState.PREPARING)
    later = opened.clock.now() + 90 * DAY
    await put(opened, replace(known, version=known.version + 1, ends_at=later, blocked_by=None, end_notices=()))
    await opened.settle()
    ended = await opened.request(block.id)
    assert ended.state is RequestState.STOPPED
    assert [one.code for one in ended.note] == [NoteCode.EXTENDED_MEANWHILE]
    assert (await record(opened)).ends_at == later
    assert (await record(opened)).state is not PartnershipState.REVOKED
    await passes(opened, later - 30 * DAY)
    assert notices(opened)[-1] == (30, None), "its new end has notices of its own"


async def test_a_block_of_a_person_goes_on_whatever_was_approved(opened: World) -> None:
    await opened.revoke(DANA, but=Apply)
    known = await record(opened)
    await put(opened, replace(known, version=known.version + 1, ends_at=opened.clock.now() + 90 * DAY))
    await opened.settle()
    assert (await record(opened)).state is PartnershipState.REVOKED


async def test_an_extension_in_time_moves_the_end_and_its_notices(opened: World) -> None:
    ends_at = await end(opened)
    await passes(opened, ends_at - 14 * DAY)
    asked = await opened.waiting()
    for approver in (AMARA, BRUNO, CHIE):
        await opened.approve(asked, approver)
    later = await end(opened)
    assert later > ends_at
    await passes(opened, ends_at + timedelta(minutes=1))
    assert await blocks(opened) == []
    await passes(opened, later - 30 * DAY)
    assert notices(opened)[-1] == (30, None)


async def test_an_admins_revocation_meanwhile_leaves_nothing_to_block(opened: World) -> None:
    ends_at = await end(opened)
    await passes(opened, ends_at - 30 * DAY)
    await opened.revoke(DANA)
    await passes(opened, ends_at + timedelta(minutes=1))
    assert len(await blocks(opened)) == 1
    assert not (await blocks(opened))[0].is_block_at_end


async def test_where_people_are_asked_nothing_is_blocked_and_the_review_asks_as_before(world: World) -> None:
    await world.opened()
    known = await record(world)
    await put(world, replace(known, version=known.version + 1, at_end=AtEnd.ASK))
    ends_at = await end(world)
    await passes(world, ends_at - 3 * DAY)
    await jumps(world, ends_at + 8 * DAY)
    await passes(world, ends_at + 9 * DAY)
    assert await blocks(world) == []
    assert notices(world) == [(3, None)]
    assert (await record(world)).state is PartnershipState.REVIEW_DUE


async def test_a_message_that_slack_does_not_take_is_sent_later_and_counts_from_then(opened: World) -> None:
    ends_at = await end(opened)
    opened.script.fail("notifier.end_notices", NotifierUnavailable("Slack does not answer"))
    await passes(opened, ends_at - 3 * DAY)
    assert not (await record(opened)).end_notices[0].is_sent
    await passes(opened, ends_at - 2 * DAY)
    assert (await record(opened)).end_notices[0].delivered_at == ends_at - 2 * DAY


async def put(world: World, record: Partnership) -> None:
    entry = AuditEntry(
        key=world.key(), at=world.clock.now(), actor="test", command="put", outcome="accepted", details={}
    )
    assert await world.store.commit(Commit(entry=entry, partnership=record))


def another(number: int, **changes: Any) -> Partnership:
    tenant_id = TenantId(str(UUID(int=number + 1)))
    named = replace(identity(), tenant_id=tenant_id, default_domain=f"p{number:04}.com", typed_name=f"p{number:04}.com")
    usual: dict[str, Any] = {"version": 1, "at_end": AtEnd.BLOCK, "next_review_at": None, "identity": named}
    return partnership(**{**usual, **changes})


@pytest.mark.load
async def test_a_thousand_partners_after_a_month_of_downtime_are_one_batch_in_order_and_none_is_blocked(
    world: World,
) -> None:
    await look(world)
    sponsors = [person(f"S{number}") for number in range(20)]
    for number in range(1000):
        ends_at = NOW + timedelta(days=31) - timedelta(hours=number % 600)
        await put(world, another(number, sponsor=sponsors[number % 20], since=NOW - 200 * DAY, ends_at=ends_at))
    await jumps(world, NOW + 30 * DAY)
    [(announced, blocked)] = world.notifier.ends
    assert (len(announced), blocked) == (1000, 0)
    assert [one.ends_at for one in announced] == sorted(one.ends_at for one in announced)
    assert {one.days for one in announced} == {1, 0}
    assert not [one for one in await world.store.open_requests() if one.fields.kind is RequestKind.REVOCATION]
    await look(world)
    assert len(world.notifier.ends) == 1


async def test_ends_share_one_limit_and_the_rest_asks_in_one_message(world: World) -> None:
    await look(world)
    for number in range(12):
        await put(world, another(number, ends_at=NOW + 40 * DAY))
    await passes(world, NOW + 10 * DAY)
    world.clock.advance(days=30)
    await world.store.save_mark(LAST_TICK, (world.clock.now() - timedelta(seconds=5)).isoformat())
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await world.ends.check()
    revocations = [one for one in await world.store.open_requests() if one.is_block_at_end]
    assert len(revocations) == 10
    for pending in await world.store.pending(world.clock.now(), 100):
        if pending.lane == "end_notices":
            await world.performer.perform(pending.effect)
    announced, blocked = world.notifier.ends[-1]
    assert ([one.step for one in announced], blocked) == ([EndStep.TOO_MANY] * 2, 10)
    world.clock.advance(days=1, minutes=1)
    await world.store.save_mark(LAST_TICK, (world.clock.now() - timedelta(seconds=5)).isoformat())
    await world.ends.check()
    assert len([one for one in await world.store.open_requests() if one.is_block_at_end]) == 12, "the next day"


async def test_a_crash_between_the_notices_and_their_message_loses_and_repeats_nothing(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_at = await end(opened)
    opened.clock.advance(seconds=(ends_at - 30 * DAY - opened.clock.now()).total_seconds())
    await opened.store.save_mark(LAST_TICK, opened.clock.now().isoformat())

    async def killed(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(AccessEnds, "_send", killed)
        with pytest.raises(RuntimeError, match="killed"):
            await opened.ends.check()
    assert not (await record(opened)).end_notices[0].is_sent
    async with restarted(opened) as later:
        await look(later)
        await look(later)
        assert notices(later) == [(30, None)]
    async with restarted(opened) as once_more:
        await look(once_more)
        assert notices(once_more) == []


async def test_a_record_that_cannot_be_advanced_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await look(world)
    for number in range(2):
        await put(world, another(number, ends_at=NOW + 40 * DAY))
    step = AccessEnds._step

    async def failing(self: AccessEnds, known: Partnership, state: Any) -> None:
        if known.identity.default_domain == "p0000.com":
            raise ValueError("broken")
        await step(self, known, state)

    monkeypatch.setattr(AccessEnds, "_step", failing)
    await passes(world, NOW + 10 * DAY)
    assert len(notices(world)) == 1


async def test_an_upgraded_record_asks_and_gets_the_newest_notice(tmp_path: Path) -> None:
    """A record of an earlier version has no such fields."""
    async with open_world(tmp_path / "records.db") as world:
        await look(world)
        await put(world, partnership(version=1, since=NOW - 170 * DAY, ends_at=NOW + 10 * DAY))
        await look(world)
        assert notices(world) == [(14, None)]
        assert (await record(world)).at_end is AtEnd.ASK
        assert (await record(world)).sponsor == SAM
