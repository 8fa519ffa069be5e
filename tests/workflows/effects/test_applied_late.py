"""A change is never applied after the end of the requested access; closing is never too late."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from bot.slack.cards.approval.requester_and_sponsor import requester_card
from bot.words.requests.notes import note_words
from bot.words.requests.states import state_words
from tests.bot.surfaces import shown
from tests.workflows.core.builders import AMARA, NOW, RILEY, SAM, TENANT, approval
from tests.workflows.effects.applying import NO_ANSWER, OPEN, S, decided, put, retried, revocation, synchronizing
from tests.workflows.fakes import Crash, FakeTenant, FixedClock
from tests.workflows.world import CONTOSO, World, open_world
from workflows.app.schedule.ticker import tick
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.planning import plan_access
from workflows.core.plans.renewal import plan_renewal
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.automatic import Stop
from workflows.core.requests.effects import Apply
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import CLOSED, InboundTrust, Property

END: Final = datetime(2027, 3, 4, tzinfo=NOW.tzinfo)
"""The end of the chosen last day, 3 March."""
ENDED: Final = "The last day of the requested access, Mar 3, 2027 (UTC), passed before it was applied."


def until(request: AccessRequest, end: datetime = END, **plan: Any) -> AccessRequest:
    """The same request with a chosen last day, approved as it is now."""
    changed = replace(request.plan, ends_at=end, **plan)
    chain = tuple(replace(decision, digest=changed.digest) for decision in request.decisions)
    asked = replace(request.fields, ends_at=end)
    return replace(request, fields=asked, decisions=chain, prepared=replace(request.require_prepared(), plan=changed))


def codes(request: AccessRequest) -> list[str]:
    """The codes of what a reader is told."""
    return [fact.code for fact in request.note]


async def assert_refused_unwritten(world: World, request: AccessRequest) -> None:
    """Check that it ended before any write, that everybody sees why, and that the requester has a next step."""
    assert (request.state, request.was_sent) == (S.STOPPED, False)
    assert codes(request) == [NoteCode.ACCESS_ENDED, NoteCode.NOT_WRITTEN, NoteCode.REQUEST_LATER_END]
    assert request.note[0].values == {"ends_at": END.isoformat()}
    assert world.tenant.attempts == []
    said = f"{ENDED} Nothing was written. Request it again with a later end."
    assert world.notifier.texts_to(RILEY.chat_id)[-1].endswith(said)
    assert said in shown(requester_card(request, now=world.clock.now()).blocks)
    assert await world.store.partnership(TENANT) is None
    entry = next(one for one in await world.store.history() if one.command == "stop")
    assert (entry.request_id, entry.outcome, entry.details["reason"][0]["code"]) == (
        request.id,
        "accepted",
        NoteCode.ACCESS_ENDED,
    )


@pytest.mark.parametrize("method", ["tenant.read_partner", "tenant.find", "directory.current_roles"])
async def test_an_outage_until_after_the_last_day_ends_it_unwritten(world: World, method: str) -> None:
    request = await put(world, until(decided()))
    world.script.fail(method, NO_ANSWER, times=3)
    request = await world.settled(request.id)
    assert request.state is S.APPLYING, "it waits"
    world.clock.advance(days=4)
    await assert_refused_unwritten(world, await world.settled(request.id))


async def test_it_ends_while_graph_still_does_not_answer(world: World) -> None:
    request = await put(world, until(decided()))
    world.script.fail("tenant.read_partner", NO_ANSWER, times=100)
    await world.settle()
    world.clock.advance(days=4)
    await assert_refused_unwritten(world, await world.settled(request.id))


async def test_a_bot_that_was_down_until_after_the_last_day_writes_nothing(tmp_path: Path) -> None:
    tenant, clock = FakeTenant(), FixedClock()
    tenant.add_tenant(CONTOSO)
    async with open_world(tmp_path / "g.db", clock=clock, tenant=tenant) as world:
        request = await put(world, until(decided()))
    clock.advance(days=4)
    async with open_world(tmp_path / "g.db", clock=clock, tenant=tenant) as world:
        await assert_refused_unwritten(world, await world.settled(request.id))


async def test_the_last_moment_still_counts_and_the_end_itself_does_not(world: World) -> None:
    world.clock.advance(seconds=(END - NOW).total_seconds() - 1)
    assert (await world.settled((await put(world, until(decided()))).id)).state is S.APPLIED
    partnership = await world.store.partnership(TENANT)
    assert partnership is not None
    assert (partnership.ends_at, partnership.next_review_at) == (END, END)


async def test_the_end_itself_is_too_late(world: World) -> None:
    world.clock.advance(seconds=(END - NOW).total_seconds())
    await assert_refused_unwritten(world, await world.settled((await put(world, until(decided()))).id))


async def test_the_end_that_comes_during_the_last_checks_is_noticed_before_the_write(world: World) -> None:
    request = await put(world, until(decided()))

    async def pass_the_end() -> None:
        world.clock.advance(days=4)

    world.script.during_next_call("directory.current_roles", pass_the_end)
    await assert_refused_unwritten(world, await world.settled(request.id))


async def test_an_approval_in_time_that_is_processed_late_does_not_write(world: World) -> None:
    """The last click was received in time; the rest waited until after the end."""
    last = (NOW + timedelta(days=2)).date().isoformat()
    request = await world.waiting(template="guest-collaboration", ends_on=last)
    assert request.plan.ends_at == END
    await world.approve(request, AMARA, but=Apply)
    assert (await world.request(request.id)).state is S.APPLYING
    world.clock.advance(days=4)
    await assert_refused_unwritten(world, await world.settled(request.id))


async def test_an_approval_after_the_last_day_is_refused_with_a_next_step(world: World) -> None:
    last = (NOW + timedelta(days=2)).date().isoformat()
    request = await world.waiting(template="guest-collaboration", ends_on=last)
    world.clock.advance(days=4)
    await world.approve(request, AMARA)
    assert await world.refusals() == [(AMARA.chat_id, "last_day_passed")]
    assert world.notifier.texts_to(AMARA.chat_id)[-1].endswith(
        "has passed, so nobody can decide this request any more. Request it again with a later end."
    )
    assert world.tenant.attempts == []


async def test_an_extension_is_not_recorded_after_its_own_end(world: World) -> None:
    """Nothing would be written for it, and still it must not count."""
    usual = decided(OPEN)
    plan = plan_renewal(
        tenant_id=TENANT,
        before=OPEN,
        template=usual.plan.template,
        template_hash=usual.plan.template_hash,
        duration=timedelta(days=3),
    )
    request = until(replace(usual, prepared=replace(usual.require_prepared(), plan=plan)))
    request = await put(world, request)
    world.clock.advance(days=4)
    await assert_refused_unwritten(world, await world.settled(request.id))


async def test_what_somebody_else_set_meanwhile_is_not_treated_as_the_change(world: World) -> None:
    request = await put(world, until(decided()))
    world.tenant.partners[TENANT] = dict(request.plan.configuration_after() or {})
    world.clock.advance(days=4)
    await assert_refused_unwritten(world, await world.settled(request.id))


async def test_a_number_of_days_ends_too(world: World) -> None:
    """They are counted from the last approval, not from when Graph answered again."""
    request = await put(world, decided())
    world.script.fail("tenant.read_partner", NO_ANSWER)
    await world.settle()
    world.clock.advance(days=89)
    assert (await world.settled(request.id)).state is S.APPLIED
    partnership = await world.store.partnership(TENANT)
    assert partnership is not None
    assert partnership.ends_at == NOW + timedelta(days=90)


async def test_a_number_of_days_that_is_over_is_too_late(world: World) -> None:
    request = await put(world, decided())
    world.clock.advance(days=90)
    request = await world.settled(request.id)
    assert (request.state, world.tenant.attempts) == (S.STOPPED, [])
    assert request.note[0].values == {"ends_at": (NOW + timedelta(days=90)).isoformat()}


# --- closing is never too late ---


async def test_a_revocation_is_written_whenever_it_can_be(world: World) -> None:
    request = await put(world, revocation(OPEN))
    world.clock.advance(days=400)
    assert (await world.settled(request.id)).state is S.APPLIED


@pytest.mark.parametrize("case", ["block", "narrow"])
async def test_a_plan_that_only_closes_is_written_after_its_end(world: World, case: str) -> None:
    usual, trusting = decided(), {**OPEN, "inboundTrust": {"isMfaAccepted": True, "isCompliantDeviceAccepted": True}}
    template = "block" if case == "block" else "trusted-partner"
    plan = plan_access(
        tenant_id=TENANT,
        before=trusting,
        settings=CLOSED if case == "block" else {Property.INBOUND_TRUST: InboundTrust(mfa=False)},
        template=template,
        template_hash=world.catalog.templates[template].content_hash,
        duration=timedelta(days=90),
    )
    chain = tuple(approval(one.person, one.stage, digest=plan.digest) for one in usual.decisions)
    request = until(replace(usual, decisions=chain, prepared=replace(usual.require_prepared(), plan=plan)))
    request = await put(world, request)
    world.clock.advance(days=4)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED, note_words(request.note)
    assert world.tenant.writes
    assert NoteCode.ENDED_ALREADY not in codes(request)


# --- it had begun before the end ---


async def test_a_complete_change_is_read_back_after_the_end_and_reviewed_at_once(tmp_path: Path) -> None:
    """Killed between the write and the read-back, started again after the end."""
    tenant, clock = FakeTenant(), FixedClock()
    tenant.add_tenant(CONTOSO)
    async with open_world(tmp_path / "g.db", clock=clock, tenant=tenant) as world:
        request = await put(world, until(decided()))
        world.script.fail("tenant.write", Crash(), after=True)
        with pytest.raises(Crash):
            await world.applier.apply(request.id)
    clock.advance(days=4)
    async with open_world(tmp_path / "g.db", clock=clock, tenant=tenant) as world:
        request = await world.settled(request.id)
        assert (request.state, codes(request)) == (S.APPLIED, [NoteCode.ENDED_ALREADY])
        assert "revoke the partner" in note_words(request.note)
        assert len(tenant.attempts) == 1
        world.clicks = 10  # the keys of the process before are taken
        await assert_asked_at_once(world, request)


async def test_what_was_sent_and_never_shows_is_not_sent_again(tmp_path: Path) -> None:
    """Killed before the write arrived: nothing is in the tenant, and nothing is denied either."""
    tenant, clock = FakeTenant(), FixedClock()
    tenant.add_tenant(CONTOSO)
    async with open_world(tmp_path / "g.db", clock=clock, tenant=tenant) as world:
        request = await put(world, until(decided()))
        world.script.fail("tenant.write", Crash())
        with pytest.raises(Crash):
            await world.applier.apply(request.id)
    clock.advance(days=4)
    async with open_world(tmp_path / "g.db", clock=clock, tenant=tenant) as world:
        request = await world.settled(request.id)
        assert (request.state, request.was_sent) == (S.STOPPED, True)
        assert codes(request) == [NoteCode.SENT_DOES_NOT_SHOW, NoteCode.ACCESS_ENDED, NoteCode.REQUEST_LATER_END]
        assert "othing was written" not in note_words(request.note)
        assert (len(tenant.attempts), tenant.writes) == (1, []), "only the process that was killed tried"
        assert (await world.store.records()).unfinished_requests() == {TENANT: request}, "a posture names it"


async def test_a_write_just_before_the_end_is_read_for_some_time_before_it_is_given_up(world: World) -> None:
    world.clock.advance(seconds=(END - NOW).total_seconds() - 1)
    request = await put(world, until(decided()))
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    world.tenant.lag = 3
    request = await world.settled(request.id)
    for _ in range(4):
        request = await retried(world, request)
    assert (request.state, len(world.tenant.attempts)) == (S.APPLIED, 1), "it was taken, and shows late"


async def test_an_unconfirmed_change_is_given_up_after_the_end(world: World) -> None:
    world.tenant.ignored = 100
    request = await put(world, until(decided()))
    request = await world.settled(request.id)
    assert request.state is S.UNCONFIRMED
    world.clock.advance(days=4)
    request = await world.settled(request.id)
    assert (request.state, codes(request)[-2:]) == (S.STOPPED, [NoteCode.ACCESS_ENDED, NoteCode.REQUEST_LATER_END])
    assert len(world.tenant.attempts) == 1


async def test_a_part_that_was_written_is_recorded_and_reviewed_at_once(world: World) -> None:
    """The partner was written and its synchronization was not: the rest is not sent after the end."""
    request = await put(world, until(synchronizing(OPEN)))
    world.script.fail("tenant.write", NO_ANSWER, on=2)
    request = await world.settled(request.id)
    assert (request.state, len(world.tenant.writes)) == (S.APPLYING, 1)
    world.clock.advance(days=4)
    request = await world.settled(request.id)
    assert request.state is S.STOPPED
    assert codes(request) == [NoteCode.PROGRESS, NoteCode.ACCESS_ENDED, NoteCode.CHECK_PART]
    assert len(world.tenant.writes) == 1
    entry = next(one for one in await world.store.history() if one.command == "stop")
    assert entry.details["image"] == world.tenant.partners[TENANT]
    [alarm] = await world.store.open_alarms()
    assert (alarm.code, alarm.subject) == (AlarmCode.PARTLY_APPLIED, request.id)
    assert (request.applied_part, state_words(request)) == (1, "partly applied")
    await assert_asked_at_once(world, request, refused="not_as_approved")


async def test_a_revocation_stops_a_late_change_as_any_other(world: World) -> None:
    request = await put(world, until(decided()))
    await world.service.advance(request.id, Stop(reason=()))
    world.clock.advance(days=4)
    assert (await world.settled(request.id)).state is S.STOPPED
    assert await world.store.partnership(TENANT) is None


async def assert_asked_at_once(world: World, request: AccessRequest, *, refused: str = "past_its_end") -> None:
    """Assert that the partner is recorded past its end, that its sponsor is asked, and cannot keep it alone."""
    partnership = await world.store.partnership(TENANT)
    assert partnership is not None
    assert (partnership.state, partnership.request_id) == (PartnershipState.ACTIVE, request.id)
    assert partnership.is_past_its_end(world.clock.now())
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await world.reviews.check()
    await world.settle()
    [asked] = world.notifier.asked[-1]
    assert asked.record.state is PartnershipState.REVIEW_DUE
    await world.keep(SAM, "Checked with their admin")
    assert (SAM.chat_id, refused) in await world.refusals()
