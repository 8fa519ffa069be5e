"""A held start: nothing from before opens, whoever clicks; what closes goes on; a release voids what is older."""

from dataclasses import replace
from typing import Final

import pytest

from tests.workflows.app.batches import access
from tests.workflows.app.batches.access import BATCH_OF_ACCESS
from tests.workflows.app.batches.many import batch_of
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, RILEY, identity
from tests.workflows.effects.applying import NO_ANSWER, OPEN, S, put, synchronizing
from tests.workflows.effects.test_frozen import codes, end, open_alarms, step
from tests.workflows.world import World
from workflows.app.schedule.freezing.held_reports import HeldReports
from workflows.app.schedule.freezing.voiding import Voiding
from workflows.app.storing.new_audit_entry import entry_of
from workflows.core.batches.batch import BatchState
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.policy.stops.freeze import FreezeStep, begin_hold
from workflows.core.policy.stops.generation import Hold, HoldCause
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.batch import ApproveBatch
from workflows.core.requests.commands.request import Reject
from workflows.core.requests.effects import Apply
from workflows.core.requests.notes import NoteCode
from workflows.core.settings.model import TenantId
from workflows.core.settings.partner_changes import PartnerChange
from workflows.ports.records import Commit

FABRIKAM: Final = TenantId("f" * 8 + "-0000-4000-8000-" + "f" * 12)


async def hold(world: World) -> None:
    """Start held, an hour after everything that was done until now."""
    ran_at = world.clock.now()
    world.clock.advance(hours=1)
    why = Hold(cause=HoldCause.RESTORED, inside="i:1", outside="i:2", last_entry="k", last_ran_at=ran_at)
    now = world.clock.now()
    freeze = begin_hold(await world.store.freeze(), why, now=now)
    assert freeze is not None
    await world.store.commit(Commit(entry=entry_of(world.key(), now, None, "start_held", {}), freeze=freeze))
    world.clock.advance(minutes=1)


def voiding(world: World) -> Voiding:
    """What ends older requests."""
    return Voiding(
        service=world.service, batches=world.batches, store=world.store, tenant=world.tenant, alarms=world.alarms
    )


def reports(world: World) -> HeldReports:
    """What compares and tells."""
    return HeldReports(store=world.store, tenant=world.tenant, clock=world.clock, alarms=world.alarms)


@pytest.mark.threats("C9", "G8")
async def test_a_click_on_an_older_card_is_refused_while_held_and_after_the_release(world: World) -> None:
    request = await world.waiting()
    await hold(world)
    await world.approve(request, AMARA)
    assert (await world.refusals())[-1] == (AMARA.chat_id, RefusalCode.VOID_AFTER_RESTORE)
    await end(world)
    await world.approve(request, AMARA)
    assert (await world.refusals())[-1] == (AMARA.chat_id, RefusalCode.VOID_AFTER_RESTORE)
    assert (await world.request(request.id)).decisions == ()
    assert world.tenant.attempts == []


async def test_an_older_request_can_be_rejected_while_held(world: World) -> None:
    request = await world.waiting()
    await hold(world)
    await world.click(
        Reject(actor=AMARA.chat_id, request_id=request.id, digest=request.plan.digest, reason="Not any more")
    )
    assert (await world.request(request.id)).state is S.REJECTED


@pytest.mark.threats("G8")
async def test_an_approved_request_of_the_backup_is_not_written_before_or_after_the_release(world: World) -> None:
    request = await world.approved()
    await hold(world)
    request = await world.settled(request.id)
    assert (request.state, codes(request)) == (S.APPLYING, [NoteCode.HELD])
    await voiding(world).check()
    assert (await world.request(request.id)).state is S.APPLYING, "a mistake can still be corrected"
    await end(world)
    world.clock.advance(minutes=5)
    request = await world.settled(request.id)
    assert world.tenant.attempts == [], "the gate refuses it also before it is ended"
    await voiding(world).check()
    request = await world.settled(request.id)
    assert (request.state, codes(request)) == (S.STOPPED, [NoteCode.VOID_AFTER_RESTORE])
    told = [text for text in world.notifier.texts_to(RILEY.chat_id) if "older records" in text]
    assert len(told) == 1
    await voiding(world).check()
    await world.settle()
    assert [text for text in world.notifier.texts_to(RILEY.chat_id) if "older records" in text] == told
    assert world.tenant.attempts == []


async def test_a_new_request_waits_while_held_and_is_written_after_the_release(world: World) -> None:
    await hold(world)
    request = await world.approved()
    request = await world.settled(request.id)
    assert (request.state, codes(request)) == (S.APPLYING, [NoteCode.HELD])
    assert world.tenant.attempts == []
    await end(world)
    await voiding(world).check()
    assert (await world.settled(request.id)).state is S.APPLIED


async def test_a_revocation_works_while_held(world: World) -> None:
    await world.opened()
    await hold(world)
    before = len(world.tenant.attempts)
    await world.revoke(DANA)
    assert len(world.tenant.attempts) == before + 1
    world.clock.advance(minutes=1)
    await world.settle()
    assert await world.all_requests() == []


async def test_of_a_request_that_was_being_written_the_part_is_read_before_it_ends(world: World) -> None:
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", NO_ANSWER, on=2, times=100)
    request = await world.settled(request.id)
    assert len(world.tenant.writes) == 1
    await hold(world)
    await end(world, but=Apply)
    writes = len(world.tenant.writes)
    world.script.fail("tenant.read_partner", NO_ANSWER)
    await voiding(world).check()
    assert (await world.request(request.id)).state is not S.STOPPED, "what is in the tenant is not known yet"
    await voiding(world).check()
    request = await world.request(request.id)
    assert (request.state, request.applied_part) == (S.STOPPED, 1)
    await world.settle()
    assert len(world.tenant.writes) == writes
    await world.checks.run()
    assert AlarmCode.PARTLY_APPLIED in await open_alarms(world)


@pytest.mark.threats("G8")
async def test_a_batch_of_the_backup_is_not_approved_and_ends_with_its_members(world: World) -> None:
    batch = await access.planned(world, 3)
    await hold(world)
    assert batch.digest is not None
    await world.click(ApproveBatch(actor=AMARA.chat_id, batch_id=batch.id, digest=batch.digest))
    assert (await world.refusals())[-1] == (AMARA.chat_id, RefusalCode.VOID_AFTER_RESTORE)
    await end(world)
    await voiding(world).check()
    await world.settle()
    batch = await batch_of(world, BATCH_OF_ACCESS)
    assert (batch.state, [one.code for one in batch.note]) == (BatchState.EXPIRED, [NoteCode.VOID_AFTER_RESTORE])
    await voiding(world).check()
    await world.settle()
    assert await world.all_requests() == []
    assert world.tenant.attempts == []


async def test_a_batch_that_was_being_written_writes_nothing_more(world: World) -> None:
    batch = await access.planned(world, 3)
    applying = replace(batch, state=BatchState.APPLYING, version=batch.version + 1)
    await world.store.commit(Commit(entry=entry_of(world.key(), world.clock.now(), None, "put", {}), batch=applying))
    await hold(world)
    await world.settle()
    await end(world)
    for _ in range(3):
        await voiding(world).check()
        world.clock.advance(minutes=5)
        await world.settle()
    assert world.tenant.attempts == []
    assert await world.all_requests() == []


@pytest.mark.threats("G8")
async def test_the_admins_are_told_once_that_it_is_held_and_once_what_the_records_lack(world: World) -> None:
    await world.waiting()
    await hold(world)
    world.tenant.partners[FABRIKAM] = {**OPEN, "tenantId": FABRIKAM}
    world.tenant.add_tenant(replace(identity(), tenant_id=FABRIKAM, default_domain="fabrikam.com"))
    change = PartnerChange(at=world.clock.now(), activity="Add a partner", changed_by="Gatehouse", is_ours=True)
    world.tenant.tenant_settings.changes[FABRIKAM] = [change]
    for _ in range(2):
        await world.freezes.check()
        await reports(world).check()
    assert sorted(await open_alarms(world)) == [AlarmCode.HELD, AlarmCode.HELD_REPORT]
    (report,) = [one for one in await world.store.open_alarms() if one.code is AlarmCode.HELD_REPORT]
    assert report.values["differences"]["rows"] == [{"partner": "fabrikam.com", "code": "unknown_to_gatehouse"}]
    assert [row["partner"] for row in report.values["changes"]["rows"]] == ["fabrikam.com"]
    assert [row["partner"] for row in report.values["requests"]["rows"]] == ["contoso.com"]
    await step(world, DANA, FreezeStep.ASK_END)
    await world.freezes.check()
    (asked,) = [one for one in await world.store.open_alarms() if one.code is AlarmCode.FREEZE_END_ASKED]
    assert asked.values["cause"] == "restored"
    await end(world)
    await world.freezes.check()
    await reports(world).check()
    assert await open_alarms(world) == []


@pytest.mark.parametrize("unread", ["tenant.read_partners", "surroundings.read_access_changes"])
async def test_what_cannot_be_read_is_awaited_and_then_said(world: World, unread: str) -> None:
    await hold(world)
    world.script.fail(unread, NO_ANSWER, times=100)
    await reports(world).check()
    assert await open_alarms(world) == []
    world.clock.advance(minutes=3)
    await reports(world).check()
    (report,) = await world.store.open_alarms()
    name = "differences" if unread.endswith("partners") else "changes"
    assert report.values[name] is None


async def test_nothing_is_reported_or_ended_without_a_hold(world: World) -> None:
    request = await world.waiting()
    await reports(world).check()
    await voiding(world).check()
    assert await open_alarms(world) == []
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    assert (await world.request(request.id)).state is S.APPLIED
