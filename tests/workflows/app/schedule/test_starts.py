"""An approved request waits for its day in the store; on that day everything is judged again, and written once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from bot.words.findings.open_request import open_request_words
from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, NOW, RILEY, SAM, SECURITY, TENANT
from tests.workflows.world import CATALOG, World, open_world, restarted
from workflows.app.limits import Limits
from workflows.app.requests.forms import InvalidForm
from workflows.app.requests.open_request import open_request_fact
from workflows.app.schedule.downtime import LAST_TICK, check_later_starts_after_gap, store_gap_at_start, store_tick
from workflows.app.schedule.ticker import tick
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.people import Person
from workflows.core.requests.commands.people import AcceptSponsorship, ProposeSponsor
from workflows.core.requests.delays.downtime import BEFORE_A_TICK
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.partner_changes import PartnerChange
from workflows.ports.people_directory import PeopleDirectoryRefused
from workflows.ports.tenant import TenantRefused

S = RequestState
START: Final = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC) + timedelta(days=5)


async def ticks(world: World, times: int = 1) -> None:
    """Ask what is due, and let everything follow."""
    for _ in range(times):
        await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await world.settle()


async def scheduled(world: World, **form: Any) -> AccessRequest:
    """Ask for an access that starts in five days, and let everybody approve it."""
    written = len(world.tenant.attempts)
    request = await world.waiting(starts_on=START.date().isoformat(), **form)
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    request = await world.settled(request.id)
    assert (request.state, len(world.tenant.attempts)) == (S.SCHEDULED, written)
    return request


async def begin(world: World, request: AccessRequest, *, days: float = 0) -> AccessRequest:
    """Let the day of the start come, without a gap in which the bot did not run."""
    while world.clock.now() < START + timedelta(days=days):
        world.clock.moment = min(START + timedelta(days=days), world.clock.now() + timedelta(minutes=14))
        await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    return await world.settled(request.id)


async def test_it_is_written_once_at_the_beginning_of_the_day_also_by_another_process(world: World) -> None:
    request = await scheduled(world)
    world.clock.moment = START - timedelta(minutes=5)
    async with restarted(world) as again:
        await ticks(again, 2)
        assert (await again.request(request.id)).state is S.SCHEDULED
        again.clock.moment = START
        await ticks(again, 3)
        written = await again.request(request.id)
        assert written.state is S.APPLIED, note_words(written.note)
        assert len(again.tenant.attempts) == len(written.plan.operations)
        record = await again.store.partnership(TENANT)
        assert record is not None
        assert record.ends_at == START + timedelta(days=180), "the approved length, from the start"
        assert [entry for entry in await again.log(of=request.id) if entry[1] == "start"] == [
            ("gatehouse", "start", "accepted")
        ]


async def test_a_clock_that_jumps_ahead_and_is_corrected_starts_nothing(world: World) -> None:
    request, now = await scheduled(world), world.clock.now()
    await ticks(world)
    world.clock.moment = START + timedelta(hours=1)
    await ticks(world)
    assert (await world.request(request.id)).state is S.SCHEDULED
    world.clock.moment = now + timedelta(minutes=1)
    await ticks(world, 2)
    assert (await world.request(request.id)).state is S.SCHEDULED
    assert world.tenant.attempts == []


async def test_a_clock_that_jumps_ahead_starts_nothing_for_a_quarter_of_an_hour(world: World) -> None:
    request = await scheduled(world)
    await ticks(world)
    world.clock.moment = START + timedelta(minutes=1)
    await ticks(world)
    until = world.clock.now() - BEFORE_A_TICK
    for minutes in (0.5, 5, 14.9):
        world.clock.moment = until + timedelta(minutes=minutes)
        await ticks(world)
        assert (await world.request(request.id)).state is S.SCHEDULED
    world.clock.moment = until + timedelta(minutes=15)
    await ticks(world)
    assert (await world.settled(request.id)).state is S.APPLIED, "the clock was right"


async def test_a_last_approval_before_a_tick_has_seen_the_jump_starts_nothing(world: World) -> None:
    request, now = await world.waiting(starts_on=START.date().isoformat()), world.clock.now()
    for person in (AMARA, BRUNO):
        await world.approve(request, person)
    await ticks(world)
    world.clock.moment = START + timedelta(minutes=1)
    await world.approve(request, CHIE)
    assert (await world.settled(request.id)).state is S.SCHEDULED
    await ticks(world)
    world.clock.moment = now + timedelta(minutes=1)
    await ticks(world, 2)
    assert ((await world.request(request.id)).state, world.tenant.attempts) == (S.SCHEDULED, [])


async def test_it_does_not_expire_while_it_waits(world: World) -> None:
    request = await scheduled(world)
    world.clock.moment = START - timedelta(seconds=1)
    assert request.expires_at is not None
    await ticks(world, 2)
    assert await world.request(request.id) == request


async def test_it_is_the_open_request_of_its_partner(world: World) -> None:
    request = await scheduled(world)
    fact = open_request_fact(request, None)
    words = open_request_words(fact.values)
    assert f"approved, starts {START:%b} {START.day}, {START.year}" in words
    assert words.endswith(
        "To change this access before then, ask Riley to withdraw it, or an approver or admin to reject it."
    )
    own = open_request_words(open_request_fact(request, RILEY.chat_id).values)
    assert own.endswith("To change this access before then, withdraw it.")
    with pytest.raises(InvalidForm) as caught:
        await world.file(requester=DANA)
    assert caught.value.problems["target"].code == RefusalCode.OPEN_REQUEST


async def test_no_time_is_named_when_none_of_too_many_open_requests_expires(world: World) -> None:
    request = await scheduled(world)
    world.clock.moment = request.expires_at + timedelta(hours=1)
    limits = Limits(store=world.store, alarms=world.alarms, clock=world.clock, maximums={}, open_requests=1)
    with pytest.raises(Refused) as refused:
        await limits.require_few_open(RILEY.chat_id)
    assert refused.value.facts[0].values == {"limit": 1, "ends_at": None}


async def test_it_is_withdrawn_by_its_requester(world: World) -> None:
    request = await scheduled(world)
    await world.service.withdraw(request.id, RILEY.chat_id, key="w")
    after = await begin(world, request)
    assert (after.state, world.tenant.attempts) == (S.WITHDRAWN, [])


@pytest.mark.parametrize("person", [BRUNO, DANA], ids=["approver", "admin"])
async def test_it_is_rejected_by_who_approved_it_and_by_an_admin(world: World, person: Person) -> None:
    request = await scheduled(world)
    world.directory.assign(DANA, "admin")
    await world.reject(request, person, "The project was called off")
    after = await begin(world, await world.settled(request.id))
    assert (after.state, world.tenant.attempts) == (S.REJECTED, [])
    assert f"Rejected by {person.name}: " in note_words(after.note)
    assert "The project was called off" in note_words(after.note)
    assert (await world.log(of=request.id)).count((person.chat_id, "reject", "accepted")) == 1
    again = await world.file(requester=DANA)
    assert (await world.settled(again)).state is S.AWAITING_APPROVAL, "the partner is free for another request"


async def test_nobody_else_rejects_it_and_the_right_is_read_when_it_is_checked(world: World) -> None:
    request = await scheduled(world)
    world.directory.assign(DANA, "security")
    world.directory.assign(BRUNO, "")
    world.directory.assign(SAM, "data-owner")
    for person in (DANA, BRUNO, SAM):
        await world.reject(request, person)
    assert (await world.settled(request.id)).state is S.SCHEDULED
    refused = [code for _, code in await world.refusals()]
    assert refused == [RefusalCode.MAY_NOT_REJECT_SCHEDULED] * 3


async def test_an_admin_who_closes_the_partner_stops_it(world: World) -> None:
    request = await scheduled(world)
    await world.revoke(DANA)
    stopped = await begin(world, request)
    assert stopped.state is S.STOPPED
    assert "Dana" in note_words(stopped.note)


async def test_an_approver_who_lost_the_role_in_between_reopens_the_stage(world: World) -> None:
    request = await scheduled(world)
    world.directory.assign(CHIE, "")
    again = await begin(world, request)
    assert (again.state, world.tenant.attempts) == (S.AWAITING_APPROVAL, [])
    assert "Chie no longer has the role" in note_words(again.note)
    assert again.expires_at > START
    world.directory.assign(DANA, "admin data-owner")
    await world.approve(again, DANA)
    await ticks(world)
    assert (await world.settled(request.id)).state is S.APPLIED, "after its day, it begins at the next tick"


@pytest.mark.parametrize("person", [RILEY, SAM], ids=["requester", "sponsor"])
async def test_who_is_named_on_it_and_left_stops_it(world: World, person: Person) -> None:
    request = await scheduled(world)
    world.directory.remove(person)
    stopped = await begin(world, request)
    assert (stopped.state, world.tenant.attempts) == (S.STOPPED, [])
    assert f"{person.name} is named on this request or is the partner's sponsor" in note_words(stopped.note)
    assert "Nothing was written" in note_words(stopped.note)


@pytest.mark.parametrize("has_left", [False, True], ids=["the former sponsor is there", "the former sponsor left"])
async def test_who_took_over_the_partner_while_it_waited_stays_its_sponsor(world: World, has_left: bool) -> None:
    await world.opened()
    request = await scheduled(world, days=365)
    await _hand_over(world)
    if has_left:
        world.directory.remove(SAM)
    after = await begin(world, request)
    assert after.state is S.APPLIED, note_words(after.note)
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert (record.sponsor, record.request_id) == (DANA, request.id)
    assert [fact.code for fact in after.note] == [NoteCode.SPONSOR_HANDED_OVER]


async def test_who_took_over_the_partner_and_left_stops_it(world: World) -> None:
    await world.opened()
    request = await scheduled(world, days=365)
    await _hand_over(world)
    world.directory.remove(DANA)
    stopped = await begin(world, request)
    assert stopped.state is S.STOPPED
    assert "Dana is named on this request or is the partner's sponsor" in note_words(stopped.note)


async def _hand_over(world: World) -> None:
    """Sam proposes Dana, and she accepts."""
    await world.click(ProposeSponsor(actor=SAM.chat_id, tenant_id=TENANT, proposed=DANA.chat_id))
    await world.click(AcceptSponsorship(actor=DANA.chat_id, tenant_id=TENANT, number=1))


async def test_who_may_not_request_the_template_any_more_stops_it(tmp_path: Path) -> None:
    limited = replace(CATALOG.templates["trusted-partner"], may_request=(SECURITY,))
    catalog = replace(CATALOG, templates={**CATALOG.templates, limited.name: limited})
    async with open_world(tmp_path / "limited.db", catalog=catalog) as world:
        world.directory.assign(RILEY, SECURITY)
        request = await scheduled(world)
        world.directory.assign(RILEY, "")
        stopped = await begin(world, request)
        assert (stopped.state, world.tenant.attempts) == (S.STOPPED, [])
        assert "Riley may not send this request any more" in note_words(stopped.note)


async def test_who_may_still_request_the_template_has_it_started(tmp_path: Path) -> None:
    limited = replace(CATALOG.templates["trusted-partner"], may_request=(SECURITY,))
    catalog = replace(CATALOG, templates={**CATALOG.templates, limited.name: limited})
    async with open_world(tmp_path / "limited.db", catalog=catalog) as world:
        world.directory.assign(RILEY, SECURITY)
        request = await scheduled(world)
        assert (await begin(world, request)).state is S.APPLIED


async def test_who_has_another_account_now_is_another_person(world: World) -> None:
    request = await scheduled(world)
    world.directory.people[SAM.chat_id] = DANA
    stopped = await begin(world, request)
    assert (stopped.state, world.tenant.attempts) == (S.STOPPED, [])


async def test_it_waits_while_nobody_can_be_looked_up(world: World) -> None:
    request = await scheduled(world)
    refused = PeopleDirectoryRefused("users.info", "missing_scope")
    world.directory.refusals[SAM.chat_id] = refused
    waits = await begin(world, request)
    assert (waits.state, world.tenant.attempts) == (S.APPLYING, [])
    del world.directory.refusals[SAM.chat_id]
    world.clock.advance(hours=1)
    assert (await world.settled(request.id)).state is S.APPLIED


async def test_a_partner_that_somebody_changed_in_between_is_planned_again(world: World) -> None:
    request = await scheduled(world)
    world.tenant.partners[TENANT] = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": False}}
    again = await begin(world, request)
    assert (again.state, world.tenant.attempts) == (S.AWAITING_APPROVAL, [])
    assert again.decisions == ()
    assert again.plan.starts_at == START


# --- after a gap ---

LATER: Final = START + timedelta(days=20)
READ_CHANGES: Final = "surroundings.read_access_changes"
READ_OF_PARTNER: Final = "surroundings.read_partner_changes"


async def _waits_long(world: World) -> AccessRequest:
    """An approved request that starts in 25 days."""
    request = await world.waiting(starts_on=LATER.date().isoformat())
    for person in (AMARA, BRUNO, CHIE):
        await world.approve(request, person)
    await ticks(world)
    return await world.settled(request.id)


async def _after_gap(world: World, days: float, *, changed: bool = False, checks: int = 1) -> None:
    """Let days pass and then a gap of an hour; a quarter of an hour later the log is read, once or more often."""
    world.clock.advance(days=days)
    await world.store.save_mark(LAST_TICK, world.clock.now().isoformat())
    world.clock.advance(hours=1)
    await ticks(world)
    if changed:
        changed_at = world.clock.now() - timedelta(minutes=5)
        deleted = PartnerChange(at=changed_at, activity="Delete", changed_by="x", is_ours=False)
        world.tenant.tenant_settings.changes[TENANT] = [deleted]
    for _ in range(checks):
        await check_later_starts_after_gap(store=world.store, tenant=world.tenant, clock=world.clock)
        world.clock.advance(minutes=15)
        await check_later_starts_after_gap(store=world.store, tenant=world.tenant, clock=world.clock)


async def _on_its_day(world: World, request: AccessRequest) -> AccessRequest:
    world.clock.moment = LATER
    await world.store.save_mark(LAST_TICK, world.clock.now().isoformat())
    await ticks(world)
    return await world.settled(request.id)


async def test_approvals_stay_when_the_log_shows_no_change_right_after_each_gap(world: World) -> None:
    request = await _waits_long(world)
    await _after_gap(world, 10)
    await _after_gap(world, 10)
    assert world.script.calls.count(READ_CHANGES) == 2, "once a gap"
    await _after_gap(world, 1)
    assert world.script.calls.count(READ_CHANGES) == 3, "once a gap"
    world.clock.moment = LATER - timedelta(days=1)
    await world.store.save_mark(LAST_TICK, world.clock.now().isoformat())
    assert READ_OF_PARTNER not in world.script.calls
    assert (await _on_its_day(world, request)).state is S.APPLIED
    assert world.script.calls.count(READ_OF_PARTNER) == 1, "the log still shows the newest gap"


async def test_approvals_stay_when_the_log_no_longer_reaches_back_and_showed_no_change(world: World) -> None:
    request = await _waits_long(world)
    await _after_gap(world, 10)
    assert (await _on_its_day(world, request)).state is S.APPLIED
    assert READ_OF_PARTNER not in world.script.calls, "it was read right after the gap"


@pytest.mark.parametrize("is_readable", [True, False])
async def test_an_entry_that_entra_wrote_late_is_seen_on_the_day(world: World, is_readable: bool) -> None:
    request = await _waits_long(world)
    await _after_gap(world, 20)
    if is_readable:
        changed_at = world.clock.now() - timedelta(minutes=30)
        deleted = PartnerChange(at=changed_at, activity="Delete", changed_by="x", is_ours=False)
        world.tenant.tenant_settings.changes[TENANT] = [deleted]
    else:
        world.script.fail(READ_OF_PARTNER, TenantRefused(403, "Forbidden", "No"))
    after = await _on_its_day(world, request)
    assert (after.state, world.tenant.attempts) == (S.AWAITING_APPROVAL, [])
    assert "Gatehouse was not running" in note_words(after.asked_again)


async def test_who_could_take_it_back_in_the_gap_is_told_once(world: World) -> None:
    """After a restore, a start that was withdrawn in the lost time waits again."""
    request = await _waits_long(world)
    world.clock.advance(hours=1)
    async with restarted(world) as again:
        await store_gap_at_start(store=again.store, clock=again.clock)
        await ticks(again, 2)
        people, texts = _told_of_gap(again)
        assert people == sorted(one.chat_id for one in (RILEY, AMARA, BRUNO, CHIE))
        assert f"starts on {LATER:%b} {LATER.day}, {LATER.year} at 00:00 UTC at the earliest" in texts[0]
    async with restarted(world) as again:
        again.clock.advance(minutes=1)
        await store_gap_at_start(store=again.store, clock=again.clock)
        await ticks(again, 2)
        assert _told_of_gap(again) == ([], []), "a restart is no gap"
        assert (await again.request(request.id)).state is S.SCHEDULED
        again.clock.advance(hours=1)
        await ticks(again, 2)
        assert len(_told_of_gap(again)[0]) == 4, "another gap is told again"


def _told_of_gap(world: World) -> tuple[list[str], list[str]]:
    """Return who was told that something may be lost, and the texts."""
    told = [(person, text) for person, text, _ in world.notifier.told if "may be lost" in text]
    return sorted(person for person, _ in told), [text for _, text in told]


async def test_approvals_are_asked_again_when_somebody_changed_the_partner_in_the_gap(world: World) -> None:
    request = await _waits_long(world)
    await _after_gap(world, 5, changed=True)
    world.tenant.tenant_settings.changes.clear()
    await _after_gap(world, 8)
    after = await _on_its_day(world, request)
    assert (after.state, world.tenant.attempts) == (S.AWAITING_APPROVAL, [])
    assert "Gatehouse was not running" in note_words(after.asked_again)


async def test_a_log_that_cannot_be_read_is_read_again_and_spares_nothing_meanwhile(world: World) -> None:
    request = await _waits_long(world)
    world.script.fail(READ_CHANGES, TenantRefused(403, "Forbidden", "No"))
    await _after_gap(world, 5)
    assert world.script.calls.count(READ_CHANGES) == 1
    world.clock.advance(minutes=15)
    await check_later_starts_after_gap(store=world.store, tenant=world.tenant, clock=world.clock)
    assert world.script.calls.count(READ_CHANGES) == 2
    assert (await _on_its_day(world, request)).state is S.APPLIED


async def test_a_log_that_was_never_read_after_the_gap_spares_nothing(world: World) -> None:
    request = await _waits_long(world)
    world.script.fail(READ_CHANGES, TenantRefused(403, "Forbidden", "No"), times=100)
    await _after_gap(world, 5, checks=3)
    assert (await _on_its_day(world, request)).state is S.AWAITING_APPROVAL


async def test_a_gap_over_the_beginning_of_the_day_reads_the_log_from_the_gap_on(world: World) -> None:
    request = await _waits_long(world)
    world.clock.moment = LATER - timedelta(minutes=10)
    await world.store.save_mark(LAST_TICK, world.clock.now().isoformat())
    world.clock.advance(minutes=20)
    await ticks(world, 2)
    assert (await world.settled(request.id)).state is S.SCHEDULED, "who withdrew it in the gap can do so again"
    world.clock.advance(minutes=14)
    await ticks(world)
    assert (await world.settled(request.id)).state is S.APPLIED


async def test_a_clock_that_jumped_before_the_process_began_starts_nothing(world: World) -> None:
    request, now = await scheduled(world), world.clock.now()
    await ticks(world)
    world.clock.moment = START + timedelta(hours=1)
    async with restarted(world) as again:
        await store_gap_at_start(store=again.store, clock=again.clock)
        await ticks(again)
        assert (await again.request(request.id)).state is S.SCHEDULED
        again.clock.moment = now + timedelta(minutes=1)
        await ticks(again, 2)
        assert (await again.request(request.id)).state is S.SCHEDULED
        assert again.tenant.attempts == []
        await begin(again, request)
        again.clock.advance(minutes=15)
        await ticks(again)
        assert (await again.settled(request.id)).state is S.APPLIED


async def test_a_process_that_ends_in_its_first_tick_after_a_gap_forgets_nothing(world: World) -> None:
    request = await scheduled(world)
    await ticks(world)
    world.clock.moment = START + timedelta(hours=1)
    async with restarted(world) as again:
        await store_gap_at_start(store=again.store, clock=again.clock)
        await store_tick(store=again.store, clock=again.clock)
    async with restarted(world) as again:
        again.clock.advance(minutes=1)
        await store_gap_at_start(store=again.store, clock=again.clock)
        await ticks(again, 2)
        assert (await again.settled(request.id)).state is S.SCHEDULED
