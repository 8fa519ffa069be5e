"""Graph refuses a later write of a plan: what is in the tenant is read back, recorded, and reviewed at once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.slack.words.alarms import alarm_text
from bot.words.requests.notes import note_words
from bot.words.requests.states import state_words
from tests.workflows.core.builders import DANA, NOW, RILEY, SAM, TENANT, approval
from tests.workflows.effects.applying import INVALID, NO_ANSWER, OPEN, SYNCHRONIZED, S, put, retried, synchronizing
from tests.workflows.fakes import Crash
from tests.workflows.world import World, restarted
from workflows.app.schedule.ticker import tick
from workflows.core.partners.partnership import PartnershipState, SettingsBasis
from workflows.core.plans.planning import plan_access
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.core.requests.transitions.resending import RESEND_WITHIN
from workflows.core.settings.model import AutomaticRedemption, IdentitySynchronization, Property

SYNC = "identitySynchronization"


def codes(request: AccessRequest) -> list[str]:
    return [fact.code for fact in request.note]


async def assert_part_recorded(world: World, request: AccessRequest) -> None:
    """Check the state, the record, the alarm, the review, and that nobody can keep it alone."""
    assert (request.state, request.applied_part, state_words(request)) == (S.FAILED, 1, "partly applied")
    assert codes(request)[0] == NoteCode.PROGRESS
    assert request.note[0].values["is_read"] is True
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert (record.request_id, record.basis, record.not_applied) == (request.id, SettingsBasis.PARTLY_APPLIED, (SYNC,))
    assert record.next_review_at == record.ends_at == request.changed_at
    [alarm] = await world.store.open_alarms()
    assert (alarm.code, alarm.subject) == (AlarmCode.PARTLY_APPLIED, request.id)
    assert "is only partly applied" in alarm_text(alarm)
    said = world.notifier.texts_to(RILEY.chat_id)[-1]
    assert f"your request {request.id} is only partly applied (verified)." in said
    assert "failed" not in said
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await world.reviews.check()
    await world.settle()
    [asked] = world.notifier.asked[-1]
    assert asked.record.state is PartnershipState.REVIEW_DUE
    await world.keep(SAM, "Checked with their admin")
    assert (SAM.chat_id, "not_as_approved") in await world.refusals()
    await world.checks.run()
    assert await world.store.open_alarms() == [alarm], "it stays until somebody has decided"


@pytest.mark.parametrize("before", [None, OPEN], ids=["create", "change"])
async def test_what_was_written_before_a_refusal_is_recorded_and_reviewed_at_once(
    world: World, before: dict[str, Any] | None
) -> None:
    request = await put(world, synchronizing(before))
    world.script.fail("tenant.write", INVALID, on=2)
    request = await world.settled(request.id)
    entry = next(one for one in await world.store.history() if one.command == "record_apply_failed")
    assert entry.details["image"] == world.tenant.partners[TENANT]
    await assert_part_recorded(world, request)


async def test_a_part_is_revoked_like_any_other_access(world: World) -> None:
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", INVALID, on=2)
    await world.settle()
    world.clock.advance(minutes=1)
    await world.revoke(DANA)
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert record.request_id != request.id
    assert (record.state, record.basis, record.not_applied) == (PartnershipState.REVOKED, SettingsBasis.APPROVED, ())
    await world.checks.run()
    assert await world.store.open_alarms() == []


async def test_the_same_change_can_be_requested_and_applied_again(world: World) -> None:
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", INVALID, on=2)
    request = await world.settled(request.id)
    world.clock.advance(minutes=1)
    again = await world.settled((await world.approved()).id)
    assert again.state is S.APPLIED, note_words(again.note)
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert (record.request_id, record.basis, record.not_applied) == (again.id, SettingsBasis.APPROVED, ())
    assert record.ends_at is not None
    assert record.ends_at > world.clock.now()
    await world.checks.run()
    assert await world.store.open_alarms() == []


# --- it cannot be read, or does not show yet ---


async def test_what_cannot_be_read_after_a_refusal_is_said_and_read_until_it_is_known(world: World) -> None:
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", INVALID, on=2)
    world.script.fail("tenant.read_partner", NO_ANSWER, on=2, times=2)
    world.script.fail("tenant.read_partner", INVALID, on=4, times=2)
    request = await world.settled(request.id)
    for _ in range(4):
        assert request.state is S.APPLYING
        assert state_words(request) == "refused by Microsoft Graph, current settings not known yet"
        assert codes(request)[0] == NoteCode.REFUSED_UNREAD
        assert await world.store.partnership(TENANT) is None
        request = await retried(world, request)
    assert len(world.tenant.attempts) == 2, "after a refusal nothing more is sent"
    await assert_part_recorded(world, request)


async def test_the_admins_are_alarmed_when_it_cannot_be_read_for_long(world: World) -> None:
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", INVALID, on=2)
    world.script.fail("tenant.read_partner", NO_ANSWER, on=2, times=50)
    for _ in range(6):
        request = await retried(world, request)
    await world.checks.run()
    [alarm] = await world.store.open_alarms()
    assert (alarm.code, alarm.subject) == (AlarmCode.WRITE_NOT_SHOWN, request.id)


async def test_a_restart_between_the_refusal_and_the_reading_only_reads(world: World) -> None:
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", INVALID, on=2)
    world.script.fail("tenant.read_partner", Crash(), on=2)
    with pytest.raises(Crash):
        await world.applier.apply(request.id)
    async with restarted(world) as again:
        again.clicks = 10  # the keys of the process before are taken
        request = await again.settled(request.id)
        assert len(again.tenant.attempts) == 2
        await assert_part_recorded(again, request)


async def test_what_graph_accepted_and_does_not_show_yet_is_waited_for(world: World) -> None:
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", INVALID, on=2)
    world.tenant.lag = 2
    request = await world.settled(request.id)
    assert (request.state, codes(request)[0]) == (S.APPLYING, NoteCode.REFUSED_NOT_SHOWN)
    for _ in range(2):
        request = await retried(world, request)
    await assert_part_recorded(world, request)


async def test_after_an_unsure_write_a_part_is_read_again_until_nothing_can_be_shown_late(world: World) -> None:
    """An attempt before the refused one got no answer. What it sent may be shown late, though nothing seems missing."""
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", NO_ANSWER, on=2)
    world.script.fail("tenant.write", INVALID, on=3)
    await world.settle()
    request = await retried(world, request)
    refusal = request.write_refusal
    assert refusal is not None
    assert (refusal.is_unsure, refusal.accepted) == (True, 1)
    assert (request.state, codes(request)[0]) == (S.APPLYING, NoteCode.REFUSED_NOT_SHOWN)
    writes = world.script.calls.count("tenant.write")
    for _ in range(9):
        request = await retried(world, request)
    assert (request.state, request.applied_part, codes(request)[0]) == (S.FAILED, 1, NoteCode.PROGRESS)
    assert world.script.calls.count("tenant.write") == writes, "nothing more is sent"
    assert request.changed_at - NOW >= RESEND_WITHIN


async def test_what_never_shows_is_not_recorded_and_nothing_is_denied(world: World) -> None:
    """Somebody may have undone it at once. After a quarter of an hour it does not show late any more."""
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", INVALID, on=2)
    world.tenant.ignored = 1
    request = await world.settled(request.id)
    for _ in range(9):
        request = await retried(world, request)
    assert (request.state, request.applied_part, codes(request)[0]) == (S.FAILED, 0, NoteCode.SENT_DOES_NOT_SHOW)
    assert "othing was written" not in note_words(request.note)
    assert await world.store.partnership(TENANT) is None
    assert await world.store.open_alarms() == []
    assert (await world.store.records()).unfinished_requests() == {TENANT: request}, "a posture names it"


async def test_a_refusal_of_the_first_write_reads_that_nothing_is_there(world: World) -> None:
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", INVALID)
    request = await world.settled(request.id)
    assert (request.state, request.applied_part, codes(request)[0]) == (S.FAILED, 0, NoteCode.NOT_WRITTEN)
    assert world.script.calls.count("tenant.read_partner") == 2, "it was read after the refusal"
    assert await world.store.partnership(TENANT) is None
    assert await world.store.open_alarms() == []


async def test_a_refused_write_that_took_effect_all_the_same_is_applied(world: World) -> None:
    """The answer was a refusal and the work was done: what is in the tenant decides."""
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", INVALID, on=2, after=True)
    request = await world.settled(request.id)
    assert (request.state, state_words(request)[:6], await world.store.open_alarms()) == (S.APPLIED, "active", [])


async def test_a_part_that_somebody_else_changed_is_overwritten(world: World) -> None:
    request = await put(world, synchronizing(None))

    async def change() -> None:
        world.tenant.edit(TENANT, inboundTrust={"isMfaAccepted": True})

    world.script.fail("tenant.write", INVALID, on=2)
    world.script.fail("tenant.read_partner", NO_ANSWER, on=2)
    await world.settle()
    await change()
    request = await retried(world, request)
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert (request.state, record.basis) == (S.OVERWRITTEN, SettingsBasis.OVERWRITTEN)


async def test_a_revocation_stops_a_plan_that_is_only_read(world: World) -> None:
    request = await put(world, synchronizing(None))
    world.script.fail("tenant.write", INVALID, on=2)
    world.script.fail("tenant.read_partner", NO_ANSWER, on=2)
    await world.settle()
    await world.revoke(DANA)
    request = await world.request(request.id)
    record = await world.store.partnership(TENANT)
    assert (request.state, record and record.state) == (S.STOPPED, PartnershipState.REVOKED)


# --- a reduction ---


def reducing() -> AccessRequest:
    """A decided request of two operations that only narrows: synchronization off, then redemption off."""
    usual = synchronizing(None)
    plan = plan_access(
        tenant_id=TENANT,
        before={**SYNCHRONIZED, "automaticUserConsentSettings": {"inboundAllowed": True}},
        settings={
            Property.AUTOMATIC_REDEMPTION: AutomaticRedemption(inbound=False),
            Property.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=False),
        },
        template=usual.plan.template,
        template_hash=usual.plan.template_hash,
        duration=timedelta(days=90),
    )
    chain = tuple(approval(one.person, one.stage, digest=plan.digest) for one in usual.decisions)
    return replace(usual, decisions=chain, prepared=replace(usual.require_prepared(), plan=plan))


async def test_a_part_of_a_reduction_keeps_the_approved_end_and_may_be_kept(world: World) -> None:
    """What is left was approved before, so its end stays and one person may keep it."""
    await world.opened()
    known = await world.store.partnership(TENANT)
    assert known is not None
    request = reducing()
    world.clock.advance(minutes=1)
    request = await put(world, replace(request, id=type(request.id)("r-2")))
    world.script.fail("tenant.write", INVALID, on=2)
    request = await world.settled(request.id)
    assert (request.state, request.applied_part) == (S.FAILED, 1), note_words(request.note)
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert (record.basis, record.not_applied, record.ends_at) == (
        SettingsBasis.PARTLY_REDUCED,
        ("automaticUserConsentSettings",),
        known.ends_at,
    )
    assert record.next_review_at == request.changed_at, "its review is due at once"
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await world.reviews.check()
    await world.settle()
    [asked] = world.notifier.asked[-1]
    assert asked.record.state is PartnershipState.REVIEW_DUE
    await world.checks.run()
    assert [one.code for one in await world.store.open_alarms()] == [AlarmCode.PARTLY_APPLIED]
    world.clock.advance(minutes=1)
    await world.keep(SAM, "Checked the rest with their admin team")
    kept = await world.store.partnership(TENANT)
    assert kept is not None
    assert kept.state is PartnershipState.ACTIVE
    await world.checks.run()
    assert await world.store.open_alarms() == []
