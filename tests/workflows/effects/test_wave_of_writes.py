"""Members of a batch of access are written together, each with every check of its own, and none holds up the others."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from tests.workflows.app.batches.access import APPROVERS, BATCH_OF_ACCESS, planned, request_number
from tests.workflows.app.batches.many import approve_batch, batch_of, tenant_number
from tests.workflows.core.builders import AMARA, DANA, RILEY
from tests.workflows.effects.test_frozen import end, freeze
from tests.workflows.world import World
from workflows.core.batches.batch import Batch, BatchState, RowCode, RowState
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.automatic import RecordWriting
from workflows.core.requests.commands.batch import AnswerHalt
from workflows.core.requests.commands.partner_record import Revoke
from workflows.core.requests.effects import AdvanceBatch
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.ports.tenant import TenantRefused, TenantUnavailable

SIZE = 20
THROTTLED = TenantUnavailable("slow down", 30.0, is_throttled=True)
REFUSED = TenantRefused(400, "Request_BadRequest", "no")
NO_ANSWER = TenantUnavailable("no answer")


async def approved(world: World, count: int) -> Batch:
    """Plan a batch, and let it be approved; nothing is written yet."""
    return await approve_batch(world, await planned(world, count), APPROVERS, but=AdvanceBatch)


async def applied(world: World, count: int) -> Batch:
    """Plan and approve a batch, and let everything follow."""
    return await approve_batch(world, await planned(world, count), APPROVERS)


async def one_wave(world: World) -> Batch:
    """Do the next part of the batch, and nothing else."""
    await world.performer.perform(AdvanceBatch(batch_id=BATCH_OF_ACCESS))
    return await batch_of(world, BATCH_OF_ACCESS)


def written(world: World) -> Counter[int]:
    """How often each partner was written, by its number."""
    return Counter(int(str(one.body["tenantId"])[-12:]) for one in world.tenant.writes)


def once(count: int) -> Counter[int]:
    """Every partner once."""
    return Counter(range(1, count + 1))


async def member(world: World, number: int) -> AccessRequest:
    """Load the request of a member."""
    return await world.request(request_number(tenant_number(number)))


async def test_twenty_members_are_written_with_one_request_and_each_is_read_back(world: World) -> None:
    batch = await applied(world, SIZE + 5)
    assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.APPLIED: SIZE + 5})
    assert world.tenant.together_writes == [SIZE, 5]
    assert written(world) == once(SIZE + 5)
    for number in once(SIZE + 5):
        request = await member(world, number)
        assert request.state is RequestState.APPLIED
        assert {one.batch_digest for one in request.decisions} == {batch.digest}
        record = await world.store.partnership(tenant_number(number))
        assert record is not None
        assert record.request_id == request.id
    (run,) = batch.runs
    assert (run.tried, run.failed) == (SIZE + 5, 0)


async def test_a_throttled_member_waits_alone_as_long_as_was_asked(world: World) -> None:
    await approved(world, SIZE + 5)
    world.script.fail("tenant.write", THROTTLED, on=3)
    await world.settle()
    batch = await batch_of(world, BATCH_OF_ACCESS)
    (row,) = batch.members
    assert batch.counts() == {RowState.APPLIED: SIZE + 4, RowState.PLANNED: 1}
    assert row.not_before is not None
    assert row.not_before - world.clock.now() == timedelta(seconds=30)
    attempts = len(world.tenant.attempts)
    world.clock.advance(seconds=29)
    await world.settle()
    assert len(world.tenant.attempts) == attempts, "its pause is not over"
    world.clock.advance(minutes=2)
    await world.settle()
    assert (await batch_of(world, BATCH_OF_ACCESS)).state is BatchState.DONE
    assert written(world) == once(SIZE + 5)


@pytest.mark.parametrize("is_done", [False, True], ids=["nothing_arrived", "everything_arrived"])
async def test_without_an_answer_every_member_is_read_before_anything_is_sent_again(
    world: World, *, is_done: bool
) -> None:
    await approved(world, SIZE)
    world.script.fail("tenant.write_together", NO_ANSWER, after=is_done)
    await world.settle()
    assert (await batch_of(world, BATCH_OF_ACCESS)).counts() == {RowState.PLANNED: SIZE}
    sent = len(world.tenant.attempts)
    begun = len(world.script.calls)
    world.clock.advance(minutes=2)
    await world.settle()
    assert (await batch_of(world, BATCH_OF_ACCESS)).counts() == {RowState.APPLIED: SIZE}
    assert written(world) == once(SIZE)
    assert len(world.tenant.attempts) - sent == (0 if is_done else SIZE)
    calls = world.script.calls[begun:]
    before = calls[: calls.index("tenant.write_together")] if not is_done else calls
    assert before.count("tenant.read_partner") >= SIZE


async def test_a_member_that_was_changed_a_revoked_one_and_a_refused_one_stop_no_other(world: World) -> None:
    await approved(world, SIZE)
    world.tenant.edit(tenant_number(4), inboundTrust={"isMfaAccepted": True})
    await world.revoke(DANA, tenant_number(5), but=AdvanceBatch)
    world.script.fail("tenant.write", REFUSED, on=7)
    await world.settle()
    batch = await batch_of(world, BATCH_OF_ACCESS)
    counts = {RowState.APPLIED: SIZE - 3, RowState.LEFT: 1, RowState.ENDED: 2}
    assert (batch.state, batch.counts()) == (BatchState.DONE, counts)
    left = [row for row in batch.rows if row.state is RowState.LEFT]
    assert [(row.tenant_id, row.reason[0].code) for row in left] == [(tenant_number(4), RowCode.PLANNED_AGAIN)]
    states = Counter([(await member(world, number)).state for number in once(SIZE)])
    assert states[RequestState.STOPPED] == states[RequestState.FAILED] == 1
    assert batch.runs[-1].failed == 2, "who revoked a partner is no failure"
    assert 4 not in written(world), "it needs its own approval"


async def test_a_write_that_is_not_shown_yet_stops_no_other(world: World) -> None:
    await approved(world, SIZE + 5)
    world.tenant.ignored = 1
    await world.settle()
    batch = await batch_of(world, BATCH_OF_ACCESS)
    (row,) = batch.members
    assert batch.counts() == {RowState.APPLIED: SIZE + 4, RowState.PLANNED: 1}
    assert (await world.request(row.request_id or request_number(row.tenant_id))).state is RequestState.UNCONFIRMED


async def answer(world: World, person: Person, *, goes_on: bool, halt: int = 1, reason: str = "It is repaired") -> None:
    """Let somebody answer a halt."""
    click = AnswerHalt(
        actor=person.chat_id, batch_id=BATCH_OF_ACCESS, halt=halt, goes_on=goes_on, reason=reason, channel="C-PARTNERS"
    )
    await world.click(click)


async def halted(world: World) -> Batch:
    """A batch of fifty of which three in the first wave are refused."""
    await approved(world, 50)
    world.script.fail("tenant.write", REFUSED, on=2, times=3)
    await world.settle()
    batch = await batch_of(world, BATCH_OF_ACCESS)
    assert batch.state is BatchState.HALTED
    return batch


async def open_alarms(world: World) -> list[AlarmCode]:
    return [one.code for one in await world.store.open_alarms() if one.code is AlarmCode.BATCH_HALTED]


async def test_a_run_halts_when_too_many_fail_and_tells_the_admins_and_the_requester(world: World) -> None:
    batch = await halted(world)
    assert batch.counts() == {RowState.APPLIED: SIZE - 3, RowState.ENDED: 3, RowState.PLANNED: 30}
    assert written(world).total() == SIZE - 3
    assert await open_alarms(world) == [AlarmCode.BATCH_HALTED]
    assert world.notifier.texts_to(RILEY.chat_id)[-1].startswith(
        "Batch B-ACCESS stopped by itself: 3 of the 20 partners tried could not be applied as approved. Not written "
        "yet: 30. An admin continues or ends it. Without an answer, it ends on "
    )
    entry = next(one for one in await world.store.history() if one.command == "halt_batch")
    assert (entry.details["tried"], entry.details["failed"]) == (20, 3)
    world.clock.advance(hours=2)
    await world.settle()
    assert (await batch_of(world, BATCH_OF_ACCESS)).counts() == batch.counts(), "nothing goes on by itself"


async def test_an_admin_continues_a_halted_batch_and_the_count_begins_again(world: World) -> None:
    await halted(world)
    await answer(world, DANA, goes_on=True)
    batch = await batch_of(world, BATCH_OF_ACCESS)
    assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.APPLIED: 47, RowState.ENDED: 3})
    first, second = batch.runs
    assert (first.goes_on, first.answered_by, second.tried, second.failed) == (True, DANA, 30, 0)
    assert await open_alarms(world) == []
    assert ("answer_halt", "accepted") in [(command, outcome) for _, command, outcome in await world.log()]


async def test_an_admin_ends_a_halted_batch_and_what_is_written_stays(world: World) -> None:
    await halted(world)
    await answer(world, DANA, goes_on=False, reason="The template is wrong")
    batch = await batch_of(world, BATCH_OF_ACCESS)
    assert (batch.state, batch.counts()) == (BatchState.STOPPED, {RowState.APPLIED: SIZE - 3, RowState.ENDED: 33})
    assert written(world).total() == SIZE - 3
    states = Counter([(await member(world, number)).state for number in range(1, 51)])
    assert states == {RequestState.APPLIED: SIZE - 3, RequestState.FAILED: 3, RequestState.STOPPED: 30}
    assert await open_alarms(world) == []


async def test_only_an_admin_answers_with_a_reason_and_only_the_halt_that_was_shown(world: World) -> None:
    batch = await halted(world)
    await answer(world, AMARA, goes_on=True)
    await answer(world, DANA, goes_on=True, reason=" ")
    await answer(world, DANA, goes_on=True, halt=0)
    assert [code for _, code in await world.refusals()] == [
        RefusalCode.ONLY_ADMINS_ANSWER_HALT,
        RefusalCode.HALT_REASON_MISSING,
        RefusalCode.HALT_ANSWERED,
    ]
    assert (await batch_of(world, BATCH_OF_ACCESS)).runs == batch.runs


async def test_a_partner_is_revoked_while_its_batch_has_halted(world: World) -> None:
    await halted(world)
    await world.revoke(DANA, tenant_number(49))
    batch = await batch_of(world, BATCH_OF_ACCESS)
    assert (batch.state, batch.counts()[RowState.PLANNED]) == (BatchState.HALTED, 29)


async def test_what_was_sent_before_the_halt_is_finished_alone(world: World) -> None:
    await approved(world, 50)
    world.tenant.ignored = 1  # it is the first of the wave
    world.script.fail("tenant.write", REFUSED, on=2, times=3)
    await world.settle()
    batch = await batch_of(world, BATCH_OF_ACCESS)
    assert batch.state is BatchState.HALTED
    (alone,) = [row for row in batch.rows if row.state is RowState.LEFT]
    assert alone.reason[0].code == RowCode.FINISHED_ALONE
    request = await world.request(alone.request_id or request_number(alone.tenant_id))
    assert (request.state, request.batch, request.left_batch) == (RequestState.UNCONFIRMED, None, BATCH_OF_ACCESS)
    world.tenant.partners[alone.tenant_id] = dict(request.plan.configuration_after() or {})
    world.clock.advance(minutes=2)
    await world.settle()
    assert (await world.request(request.id)).state is RequestState.APPLIED


async def test_nothing_is_written_during_a_freeze_and_everything_after_it(world: World) -> None:
    await approved(world, SIZE)
    await freeze(world)
    await world.settle()
    assert (await batch_of(world, BATCH_OF_ACCESS)).counts() == {RowState.PLANNED: SIZE}
    assert world.tenant.attempts == []
    await end(world)
    world.clock.advance(minutes=2)
    await world.settle()
    assert (await batch_of(world, BATCH_OF_ACCESS)).counts() == {RowState.APPLIED: SIZE}
    assert written(world) == once(SIZE)


async def test_what_was_sent_before_a_freeze_is_read_back_and_recorded_during_it(world: World) -> None:
    await approved(world, SIZE + 5)
    world.tenant.ignored = 1
    assert (await one_wave(world)).counts()[RowState.APPLIED] == SIZE - 1
    await freeze(world)
    await world.settle()
    batch = await batch_of(world, BATCH_OF_ACCESS)
    (alone,) = [row for row in batch.rows if row.state is RowState.LEFT]
    assert (alone.reason[0].code, batch.runs[-1].failed) == (RowCode.FINISHED_ALONE, 0)
    request = await world.request(alone.request_id or request_number(alone.tenant_id))
    world.tenant.partners[alone.tenant_id] = dict(request.plan.configuration_after() or {})
    world.clock.advance(minutes=2)
    await world.settle()
    assert (await world.request(request.id)).state is RequestState.APPLIED
    assert (await batch_of(world, BATCH_OF_ACCESS)).counts()[RowState.PLANNED] == 5


async def test_a_freeze_that_begins_while_writes_wait_for_each_other_stops_them_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await approved(world, SIZE)
    advance, started = world.service.advance, [0]

    async def freezing(self: object, request_id: object, command: object, **more: object) -> object:
        result = await advance(request_id, command, **more)  # type: ignore[arg-type]
        started[0] += isinstance(command, RecordWriting)
        if isinstance(command, RecordWriting) and started[0] == SIZE:
            await asyncio.sleep(0.5)  # the others wait for this one already
            await freeze(world)
        return result

    monkeypatch.setattr(type(world.service), "advance", freezing)
    await world.settle()
    assert world.tenant.attempts == []
    monkeypatch.undo()
    await end(world)
    world.clock.advance(minutes=2)
    await world.settle()
    assert written(world) == once(SIZE)


async def test_a_partner_that_is_revoked_while_its_write_waits_is_not_opened(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await approved(world, SIZE)
    advance, started = world.service.advance, [0]

    async def revoking(self: object, request_id: object, command: object, **more: object) -> object:
        result = await advance(request_id, command, **more)  # type: ignore[arg-type]
        started[0] += isinstance(command, RecordWriting)
        if isinstance(command, RecordWriting) and started[0] == SIZE:
            await asyncio.sleep(0.5)
            await world.revoke(DANA, tenant_number(1), but=AdvanceBatch)
        return result

    monkeypatch.setattr(type(world.service), "advance", revoking)
    await world.settle()
    assert (await member(world, 1)).is_terminal
    shown = world.tenant.partners[tenant_number(1)]
    assert shown["b2bCollaborationInbound"]["usersAndGroups"]["accessType"] == "blocked"


async def test_what_closes_access_goes_before_the_next_members(world: World) -> None:
    await approved(world, SIZE)
    revoke = Revoke(actor=DANA.chat_id, target=tenant_number(20), reason="Contract ended")
    await world.service.store_click(revoke, key=world.key())
    with pytest.raises(TenantUnavailable) as waits:
        await one_wave(world)
    assert (waits.value.facts[0].code, waits.value.retry_after) == (NoteCode.CLOSING_FIRST, 1.0)
    assert world.tenant.attempts == []
    await world.settle()
    world.clock.advance(minutes=1)
    await world.settle()
    assert (await batch_of(world, BATCH_OF_ACCESS)).counts() == {RowState.APPLIED: 19, RowState.ENDED: 1}


async def test_a_revocation_that_was_tried_in_vain_holds_nothing_up(world: World) -> None:
    await approved(world, SIZE)
    revoke = Revoke(actor=DANA.chat_id, target=tenant_number(20), reason="Contract ended")
    await world.service.store_click(revoke, key=world.key())
    (closing,) = [one for one in await world.store.pending(world.clock.now(), 20) if one.effect.kind != "advance_batch"]
    await world.store.retry(closing.id, world.clock.now(), NO_ANSWER.facts)
    assert (await one_wave(world)).counts()[RowState.APPLIED] == SIZE


async def test_a_member_with_a_later_start_waits_for_its_day_alone(world: World) -> None:
    batch = await planned(world, 3, starts_at=world.clock.now() + timedelta(days=20))
    batch = await approve_batch(world, batch, APPROVERS)
    assert (batch.state, batch.counts()) == (BatchState.DONE, {RowState.SCHEDULED: 3})
    request = await member(world, 1)
    assert (request.state, request.batch) == (RequestState.SCHEDULED, None)
    assert world.tenant.attempts == []


async def test_a_role_that_was_taken_away_between_two_waves_asks_again(world: World) -> None:
    """What was written before stays, and what is asked again is only the rest."""
    await approved(world, SIZE + 5)
    assert (await one_wave(world)).counts()[RowState.APPLIED] == SIZE
    world.directory.assign(APPROVERS[0], "requester")
    batch = await one_wave(world)
    assert (batch.state, len(batch.members)) == (BatchState.AWAITING_APPROVAL, 5)
    assert written(world).total() == SIZE
