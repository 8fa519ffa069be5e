"""The end of an access under faults: nobody is blocked or forgotten, and nothing untrue is said."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.workflows.app.schedule.test_access_ends import DAY, another, blocks, end, look, notices, passes, put, record
from tests.workflows.core.builders import AMARA, DANA, NOW, TENANT
from tests.workflows.world import World, restarted
from workflows.app.schedule.access_ends import AccessEnds
from workflows.core.partners.access_end.decision import EndStep
from workflows.core.partners.partnership import PartnershipState
from workflows.core.requests.alarms import Alarm, AlarmCode
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.effects import CheckPermission
from workflows.core.requests.request import RequestId
from workflows.ports.audit_log import AuditEntry
from workflows.ports.notifier import NotifierUnavailable
from workflows.ports.records import Commit

MINUTES: Final = timedelta(minutes=2)


@pytest.fixture
async def opened(world: World) -> World:
    """A world in which Contoso is open for 180 days, and is blocked at the end."""
    await world.opened()
    await look(world)
    return world


async def alarms(world: World, code: AlarmCode) -> list[Alarm]:
    return [one for one in await world.store.open_alarms() if one.code is code]


async def test_a_block_that_ended_without_closing_alarms_until_the_partner_is_closed(opened: World) -> None:
    known = await record(opened)
    await put(opened, replace(known, version=known.version + 1, blocked_by=RequestId("R-GONE")))
    await passes(opened, await end(opened) + MINUTES)
    [alarm] = await alarms(opened, AlarmCode.END_NOT_BLOCKED)
    assert (alarm.subject, alarm.values) == (TENANT, {"partner": "contoso.com", "request": "R-GONE"})
    await opened.revoke(DANA)
    assert (await record(opened)).state is PartnershipState.REVOKED
    await passes(opened, opened.clock.now() + MINUTES)
    assert await alarms(opened, AlarmCode.END_NOT_BLOCKED) == []


async def test_a_block_that_waits_for_graph_is_no_block_that_ended(opened: World) -> None:
    await passes(opened, await end(opened) - 30 * DAY)
    opened.clock.advance(seconds=(await end(opened) - opened.clock.now()).total_seconds())
    await opened.store.save_mark("last_tick", opened.clock.now().isoformat())
    await opened.ends.check()
    assert (await record(opened)).blocked_by is not None
    opened.clock.advance(minutes=2)
    await opened.ends.check()
    assert await alarms(opened, AlarmCode.END_NOT_BLOCKED) == []


async def test_a_notice_after_a_crash_does_not_join_messages_that_were_requested_before(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the earlier message would count as told of a partner that it does not name."""
    save_mark = type(opened.store).save_mark

    async def killed_at_the_last_step(self: Any, name: str, value: str) -> None:
        if (name, value) == ("end_notices", ""):
            raise RuntimeError("killed")
        await save_mark(self, name, value)

    with monkeypatch.context() as patched:
        patched.setattr(type(opened.store), "save_mark", killed_at_the_last_step)
        with pytest.raises(RuntimeError, match="killed"):
            await passes(opened, await end(opened) - 30 * DAY)
    await put(opened, another(1, ends_at=opened.clock.now() + 10 * DAY))
    opened.clock.advance(minutes=1)
    async with restarted(opened) as later:
        await look(later)
        sent = [(one.record.identity.name, one.days) for announced, _ in later.notifier.ends for one in announced]
        assert sorted(sent) == [("contoso.com", 30), ("p0001.com", 14)]
        first, second = [await later.store.partnership(one) for one in (TENANT, another(1).identity.tenant_id)]
        assert first is not None
        assert second is not None
        assert first.end_notices[0].batch != second.end_notices[0].batch
        assert all(one.end_notices[0].delivered_at for one in (first, second))


async def test_an_extension_that_is_requested_during_a_pass_is_waited_for(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass over many partners takes a while."""
    await passes(opened, await end(opened) - 14 * DAY)
    new_pass = AccessEnds._new_pass

    async def with_a_click(self: AccessEnds, *args: Any, **named: Any) -> Any:
        state = await new_pass(self, *args, **named)
        await opened.waiting()
        return state

    with monkeypatch.context() as patched:
        patched.setattr(AccessEnds, "_new_pass", with_a_click)
        opened.clock.advance(seconds=(await end(opened) - opened.clock.now()).total_seconds())
        await opened.store.save_mark("last_tick", opened.clock.now().isoformat())
        await opened.ends.check()
    assert await blocks(opened) == []
    await opened.settle()
    assert notices(opened)[-1] == (0, EndStep.EXTENSION_OPEN)


async def test_a_revocation_that_is_requested_during_a_pass_is_the_only_one(
    opened: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await passes(opened, await end(opened) - 14 * DAY)
    new_pass = AccessEnds._new_pass

    async def with_a_click(self: AccessEnds, *args: Any, **named: Any) -> Any:
        state = await new_pass(self, *args, **named)
        await opened.service.store_click(Revoke(actor=DANA.chat_id, target=TENANT, reason="Over"), key=opened.key())
        pending = await opened.store.pending(opened.clock.now(), 100)
        [check] = [one for one in pending if isinstance(one.effect, CheckPermission)]
        await opened.performer.perform(check.effect)
        await opened.store.mark_done(check.id)
        return state

    with monkeypatch.context() as patched:
        patched.setattr(AccessEnds, "_new_pass", with_a_click)
        opened.clock.advance(seconds=(await end(opened) - opened.clock.now()).total_seconds())
        await opened.store.save_mark("last_tick", opened.clock.now().isoformat())
        await opened.ends.check()
    assert [one.is_block_at_end for one in await opened.store.open_requests()] == [False]


async def test_a_question_that_nobody_got_is_asked_again_every_day_and_then_blocks(opened: World) -> None:
    opened.notifier.delivers_notices = False
    ends_at = await end(opened)
    await passes(opened, ends_at - 30 * DAY)
    await passes(opened, ends_at)
    await passes(opened, ends_at + timedelta(hours=23))
    assert [days for days, _ in notices(opened)] == [30, 0]
    await passes(opened, ends_at + DAY)
    await passes(opened, ends_at + 8 * DAY)
    assert [days for days, _ in notices(opened)] == [30, 0, 0, 0]
    assert await alarms(opened, AlarmCode.END_NOT_ANNOUNCED)
    opened.notifier.delivers_notices = True
    await passes(opened, ends_at + 9 * DAY)
    assert len((await record(opened)).end_notices) == 2, "a repetition replaces the one that nobody got"
    await passes(opened, ends_at + 9 * DAY + MINUTES)
    assert await alarms(opened, AlarmCode.END_NOT_ANNOUNCED) == []
    assert await blocks(opened) == []
    await passes(opened, ends_at + 12 * DAY + MINUTES)
    assert len(await blocks(opened)) == 1


async def test_after_a_long_downtime_no_alarm_says_that_nobody_could_be_told(opened: World) -> None:
    """The message is only on its way."""
    ends_at = await end(opened)
    opened.clock.advance(seconds=(ends_at + 10 * DAY - opened.clock.now()).total_seconds())
    await look(opened)
    await passes(opened, opened.clock.now() + MINUTES)
    assert notices(opened) == [(0, EndStep.NOBODY_REACHED)]
    assert [one for one in opened.notifier.alarms if one.code is AlarmCode.END_NOT_ANNOUNCED] == []


async def test_a_notice_that_is_sent_after_the_end_does_not_announce_a_day_that_has_passed(opened: World) -> None:
    ends_at = await end(opened)
    opened.script.fail("notifier.end_notices", NotifierUnavailable("Slack does not answer"))
    await passes(opened, ends_at - DAY)
    assert notices(opened) == []
    opened.clock.advance(seconds=(ends_at + timedelta(seconds=10) - opened.clock.now()).total_seconds())
    await opened.settle()
    assert notices(opened) == [(1, EndStep.NOT_ANNOUNCED)]


async def test_the_question_at_the_end_replaces_a_notice_that_was_not_sent(opened: World) -> None:
    ends_at = await end(opened)
    opened.script.fail("notifier.end_notices", NotifierUnavailable("Slack does not answer"))
    await passes(opened, ends_at - DAY)
    await passes(opened, ends_at + MINUTES)
    assert notices(opened) == [(0, EndStep.NOT_ANNOUNCED)]


async def test_an_end_whose_block_is_on_record_is_not_counted_again(world: World) -> None:
    await look(world)
    known = another(1, ends_at=NOW + 40 * DAY)
    await put(world, known)
    await passes(world, NOW + 10 * DAY)
    await passes(world, NOW + 40 * DAY - MINUTES)
    told = await world.store.partnership(known.identity.tenant_id)
    assert told is not None
    world.clock.advance(minutes=2)
    await world.store.save_mark("last_tick", world.clock.now().isoformat())
    await world.ends.check()
    blocked = await world.store.partnership(told.identity.tenant_id)
    assert blocked is not None
    await put(world, replace(told, version=blocked.version + 1))
    for request in await world.store.open_requests():
        await world.store.execute("update requests set is_open = 0 where id = ?", request.id)
    world.clock.advance(minutes=2)
    await world.store.save_mark("last_tick", world.clock.now().isoformat())
    await world.ends.check()
    again = await world.store.partnership(told.identity.tenant_id)
    assert again is not None
    assert again.blocked_by is None


async def test_rejecting_an_extension_blocks_an_announced_end_at_once(opened: World) -> None:
    ends_at = await end(opened)
    await passes(opened, ends_at - 14 * DAY)
    await passes(opened, ends_at - DAY)
    asked = await opened.waiting()
    await passes(opened, ends_at + MINUTES)
    assert await blocks(opened) == []
    await opened.reject(asked, AMARA)
    await passes(opened, ends_at + 2 * MINUTES)
    assert len(await blocks(opened)) == 1


async def test_an_end_that_was_not_announced_in_time_and_waits_names_the_later_day(opened: World) -> None:
    """The request expires before the week in which people are asked is over."""
    ends_at = await end(opened)
    opened.clock.advance(seconds=(ends_at - timedelta(hours=1) - opened.clock.now()).total_seconds())
    await look(opened)
    asked = await opened.waiting()
    soon = replace(asked, version=asked.version + 1, expires_at=ends_at + 2 * DAY)
    entry = AuditEntry(key=opened.key(), at=NOW, actor="test", command="put", outcome="accepted", details={})
    assert await opened.store.commit(Commit(entry=entry, request=soon))
    await passes(opened, ends_at + MINUTES)
    [announced], _ = opened.notifier.ends[-1]
    assert (announced.step, announced.blocked_at) == (EndStep.EXTENSION_OPEN, ends_at + 7 * DAY)
