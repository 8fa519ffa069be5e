"""Nothing that opens access is sent during a freeze; what closes goes on; what waited is written after two ended it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    DANA,
    MALLORY,
    TENANT,
    partnership,
    prepared,
    reduction_plan,
)
from tests.workflows.core.builders import request as usual
from tests.workflows.effects.applying import NO_ANSWER, OPEN, S, assert_stands, decided, put, retried, synchronizing
from tests.workflows.world import World, restarted
from workflows.app.schedule.ticker import tick
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import PartnershipState
from workflows.core.people import Person
from workflows.core.plans.plan import partner_address
from workflows.core.policy.stops.freeze import Freeze, FreezeStep
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.commands.freeze import ChangeFreeze
from workflows.core.requests.effects import Apply, ShowRequest
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestKind
from workflows.core.settings.canonical import JsonObject
from workflows.effects.applying.write_gate import WritesFrozen
from workflows.ports.audit_log import AuditEntry
from workflows.ports.records import Commit


async def freeze(world: World, reason: str = "Incident 7") -> Freeze:
    """Freeze as at the command line."""
    return await world.freezes.freeze_without_person(key=world.key(), user="os:root", reason=reason)


async def step(world: World, person: Person, of: FreezeStep, *, but: type | None = None) -> None:
    """Let somebody do something about the freeze as it is now, and let everything follow."""
    stored = await world.store.freeze()
    version = 0 if stored is None else stored.version
    await world.click(ChangeFreeze(actor=person.chat_id, step=of, version=version), but=but)


async def end(world: World, *, but: type | None = None) -> None:
    """Let two admins end it."""
    world.directory.assign(AMARA, "security admin")
    await step(world, DANA, FreezeStep.ASK_END, but=but)
    await step(world, AMARA, FreezeStep.END, but=but)


def codes(request: AccessRequest) -> list[str]:
    """The codes of a request's note."""
    return [fact.code for fact in request.note]


async def open_alarms(world: World) -> list[AlarmCode]:
    """The codes of the open alarms."""
    return [alarm.code for alarm in await world.store.open_alarms()]


async def test_an_approved_request_waits_without_reading_or_retrying_and_is_written_at_the_end(world: World) -> None:
    request = await world.approved()
    await freeze(world)
    calls = len(world.script.calls)
    request = await world.settled(request.id)
    assert (request.state, codes(request)) == (S.APPLYING, [NoteCode.FROZEN])
    assert request.note[0].values == {"name": "os:root", "reason": "Incident 7"}
    assert [call for call in world.script.calls[calls:] if call.startswith("tenant.")] == [], "nothing is read either"
    assert world.tenant.attempts == []
    assert [one for one in world.notifier.told if "waits" in one[1]] == [], "the freeze itself is told"
    for _ in range(3):
        world.clock.advance(hours=1)
        assert await world.lanes() == [], "nothing is tried again"
    await end(world, but=Apply)
    assert f"tenant:{TENANT}" in await world.lanes(), "stored with the end, in one transaction"
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    assert_stands(world, request.plan)


async def test_a_request_that_is_approved_during_the_freeze_waits_too(world: World) -> None:
    await freeze(world)
    request = await world.approved()
    request = await world.settled(request.id)
    assert (request.state, codes(request)) == (S.APPLYING, [NoteCode.FROZEN])
    assert world.tenant.attempts == []
    await end(world)
    assert (await world.request(request.id)).state is S.APPLIED


async def test_a_freeze_between_the_checks_and_the_first_write_stops_it(world: World) -> None:
    request = await put(world, decided())
    world.script.during_next_call("directory.current_roles", lambda: freeze(world))
    request = await world.settled(request.id)
    assert (request.state, request.writing_since, codes(request)) == (S.APPLYING, None, [NoteCode.FROZEN])
    assert world.tenant.attempts == []


async def frozen_between(world: World) -> AccessRequest:
    """Freeze during the first of two operations."""
    request = await put(world, synchronizing(None))
    world.script.during_next_call("tenant.write", lambda: freeze(world))
    request = await world.settled(request.id)
    assert len(world.tenant.attempts) == 1
    assert (request.state, codes(request)) == (S.APPLYING, [NoteCode.FROZEN, NoteCode.PROGRESS])
    return request


async def test_a_freeze_between_two_operations_stops_the_second_and_tells_the_admins_of_the_part(world: World) -> None:
    request = await frozen_between(world)
    assert AlarmCode.PARTLY_APPLIED in await open_alarms(world)
    for _ in range(20):
        request = await retried(world, request)
    assert len(world.tenant.attempts) == 1
    assert request.state is S.APPLYING
    world.clock.advance(hours=1)
    assert f"tenant:{TENANT}" not in await world.lanes(), "after what was sent is shown, nothing is read again"
    await end(world)
    request = await world.request(request.id)
    assert request.state is S.APPLIED
    assert_stands(world, request.plan)
    await world.checks.run()
    assert AlarmCode.PARTLY_APPLIED not in await open_alarms(world)


async def test_after_the_end_the_rest_of_a_plan_is_checked_again(world: World) -> None:
    request = await frozen_between(world)
    for person in (BRUNO, CHIE):
        world.directory.assign(person, "")
    world.clock.advance(hours=1)
    await end(world)
    request = await world.request(request.id)
    assert (request.state, request.applied_part) == (S.FAILED, 1), "the part has a record, and is reviewed"
    assert len(world.tenant.attempts) == 1
    record = await world.store.partnership(TENANT)
    assert record is not None


async def test_an_approver_who_became_the_sponsor_during_the_freeze_does_not_count_for_the_rest(world: World) -> None:
    request = await frozen_between(world)
    known = partnership(
        version=1,
        identity=request.require_prepared().observation.identity,
        state=PartnershipState.REVOKED,
        sponsor=AMARA,
        next_review_at=None,
        ends_at=None,
    )
    entry = AuditEntry(key="s", at=world.clock.now(), actor="t", command="put", outcome="accepted", details={})
    assert await world.store.commit(Commit(entry=entry, partnership=known))
    world.clock.advance(hours=1)
    await end(world)
    request = await world.request(request.id)
    assert (request.state, request.applied_part) == (S.FAILED, 1)
    assert len(world.tenant.attempts) == 1


async def test_a_check_of_the_rest_that_is_refused_or_not_answered_waits(world: World) -> None:
    request = await frozen_between(world)
    world.clock.advance(hours=1)
    world.script.fail("tenant.find", NO_ANSWER)
    await end(world)
    request = await world.request(request.id)
    assert (request.state, len(world.tenant.attempts)) == (S.APPLYING, 1)
    assert (await retried(world, request)).state is S.APPLIED


async def test_after_the_end_every_check_before_the_first_write_is_made_again(world: World) -> None:
    await freeze(world)
    request = await world.approved()
    await world.settle()
    world.directory.assign(BRUNO, "")
    await end(world)
    request = await world.request(request.id)
    assert request.state is S.AWAITING_APPROVAL, "an approval does not count any more"
    assert world.tenant.attempts == []


@pytest.mark.parametrize("is_frozen", [True, False])
async def test_an_accepted_write_that_is_not_shown_is_not_sent_again_during_a_freeze(
    world: World, is_frozen: bool
) -> None:
    request = await put(world, decided(OPEN))
    world.tenant.lag = 50
    request = await world.settled(request.id)
    assert request.state is S.UNCONFIRMED
    if is_frozen:
        await freeze(world)
    world.clock.advance(minutes=12)
    await world.settle()
    assert len(world.tenant.attempts) == (1 if is_frozen else 2)


async def test_what_was_written_completely_before_is_verified_during_the_freeze(world: World) -> None:
    request = await put(world, decided())
    world.script.fail("tenant.write", NO_ANSWER, after=True)
    await world.settle()
    await freeze(world)
    request = await retried(world, request)
    assert request.state is S.APPLIED, "the tenant shows all of it, so nothing is sent"
    assert len(world.tenant.attempts) == 1


async def test_a_revocation_and_a_reduction_go_on(world: World) -> None:
    await world.opened()
    await freeze(world)
    await world.revoke(DANA)
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert record.state.value == "revoked"


async def test_a_plan_that_only_reduces_access_goes_on(world: World) -> None:
    before: JsonObject = {"tenantId": TENANT, "inboundTrust": {"isMfaAccepted": True}}
    request = usual(S.APPLYING, prepared=prepared(plan=reduction_plan(before)), decisions=decided().decisions)
    chain = tuple(replace(one, digest=request.plan.digest) for one in request.decisions)
    await put(world, replace(request, decisions=chain))
    await freeze(world)
    assert (await world.settled(request.id)).state is S.APPLIED


async def test_a_revocation_stops_a_request_that_waits(world: World) -> None:
    await freeze(world)
    request = await world.approved()
    await world.settle()
    await world.revoke(DANA)
    assert (await world.request(request.id)).state is S.STOPPED
    await end(world)
    assert (await world.request(request.id)).state is S.STOPPED


async def test_time_that_ran_out_during_the_freeze_opens_nothing(world: World) -> None:
    await freeze(world)
    request = await world.approved(days=90)
    await world.settle()
    world.clock.advance(days=91)
    await world.freezes.check()
    request = await world.settled(request.id)
    assert (request.state, codes(request)[0]) == (S.STOPPED, NoteCode.ACCESS_ENDED), "said during the freeze"
    await end(world)
    assert world.tenant.attempts == []


async def test_a_part_whose_end_came_during_the_freeze_gets_a_record_and_a_review(world: World) -> None:
    request = await frozen_between(world)
    world.clock.advance(days=91)
    await world.freezes.check()
    request = await world.settled(request.id)
    assert (request.state, request.applied_part) == (S.STOPPED, 1)
    assert len(world.tenant.attempts) == 1


async def test_an_undecided_request_expires_during_the_freeze(world: World) -> None:
    request = await world.waiting()
    await freeze(world)
    world.clock.advance(days=15)
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    assert (await world.request(request.id)).state is S.EXPIRED


async def test_after_a_gap_and_the_end_the_audit_log_is_asked(world: World) -> None:
    await freeze(world)
    request = await world.approved()
    await world.settle()
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    world.clock.advance(days=8)
    await tick(service=world.service, store=world.store, directory=world.directory, clock=world.clock)
    await end(world)
    request = await world.request(request.id)
    assert request.state is S.AWAITING_APPROVAL, "Entra keeps its log too short"
    assert world.tenant.attempts == []


@pytest.mark.parametrize(
    "damage",
    [
        "update freezes set doc = '{}'",
        "update freezes set doc = 'x'",
        "update freezes set version = 9",
        "insert into freezes (id, version, doc) select 'other', version, doc from freezes",
    ],
)
async def test_a_freeze_that_cannot_be_read_counts_as_one_until_it_is_replaced(world: World, damage: str) -> None:
    request = await world.approved()
    await freeze(world)
    await end(world, but=Apply)
    await world.store.execute(damage)
    request = await world.settled(request.id)
    assert (request.state, codes(request)) == (S.APPLYING, [NoteCode.FREEZE_UNREADABLE, NoteCode.KEEPS_TRYING])
    assert world.tenant.attempts == []
    await world.freezes.check()
    assert AlarmCode.FROZEN in await open_alarms(world)
    if "insert" in damage:
        await world.store.execute("delete from freezes where id = 'other'")
    else:
        await freeze(world, "Replaces the damaged record")
        await end(world)
    assert (await retried(world, request)).state is S.APPLIED


async def test_one_admin_does_not_end_it_and_nobody_else_does(world: World) -> None:
    await freeze(world)
    world.directory.assign(AMARA, "security admin")
    await step(world, MALLORY, FreezeStep.ASK_END)
    await step(world, DANA, FreezeStep.ASK_END)
    await step(world, DANA, FreezeStep.END)
    await step(world, BRUNO, FreezeStep.END)
    assert [code for _, code in await world.refusals()] == [
        RefusalCode.ONLY_ADMINS_FREEZE,
        RefusalCode.FREEZE_END_NEEDS_ANOTHER_ADMIN,
        RefusalCode.ONLY_ADMINS_FREEZE,
    ]
    stored = await world.store.freeze()
    assert stored is not None
    assert stored.is_frozen
    world.directory.assign(DANA, "")
    await step(world, AMARA, FreezeStep.END)
    assert (await world.refusals())[-1] == (AMARA.chat_id, RefusalCode.FREEZE_END_ASKED_BY_FORMER_ADMIN)
    stored = await world.store.freeze()
    assert stored is not None
    assert stored.is_frozen
    world.directory.assign(DANA, "security admin")
    await step(world, AMARA, FreezeStep.END)
    stored = await world.store.freeze()
    assert stored is not None
    assert not stored.is_frozen


async def test_a_step_on_a_record_that_cannot_be_read_any_more_is_refused(world: World) -> None:
    await freeze(world)
    await step(world, DANA, FreezeStep.ASK_END)
    await world.store.execute("update freezes set doc = 'x'")
    world.directory.assign(AMARA, "security admin")
    await world.click(ChangeFreeze(actor=AMARA.chat_id, step=FreezeStep.END, version=2))
    assert (await world.refusals())[-1] == (AMARA.chat_id, RefusalCode.NOT_AS_SIGNED)


async def restoring(world: World) -> AccessRequest:
    """Put an approved restoration of two writes; Graph may refuse the second."""
    usual_request = decided()
    (first,) = usual_request.plan.operations
    address, opened = partner_address(TENANT), {"newMembers": {"isOpen": True}}
    second = replace(first, method="PATCH", path=address, body=opened, may_be_refused=True)
    first_operation = replace(usual_request.plan, operations=(first, second))
    chain = tuple(replace(one, digest=first_operation.digest) for one in usual_request.decisions)
    prepared_again = replace(usual_request.require_prepared(), plan=first_operation)
    return await put(world, replace(usual_request, prepared=prepared_again, decisions=chain))


@pytest.mark.parametrize("when", ["never", "before", "over", "unreadable"])
async def test_a_write_that_may_be_refused_is_not_sent_after_a_freeze(world: World, when: str) -> None:
    request = await restoring(world)
    if when == "before":
        world.script.during_next_call("tenant.write", lambda: freeze(world))
    if when in ("over", "unreadable"):
        world.script.fail("tenant.write", NO_ANSWER, after=True)
        await world.settle()
        world.clock.advance(seconds=1)
        await freeze(world)
        if when == "over":
            await end(world, but=Apply)
        else:
            await world.store.execute("update freezes set doc = 'x'")
        request = await retried(world, request)
    request = await world.settled(request.id)
    assert request.state is S.APPLIED
    optional = [one for one in world.tenant.attempts if one.may_be_refused]
    reasons = [fact.code for refused in request.refused for fact in refused.reason]
    assert len(optional) == (1 if when == "never" else 0)
    assert (NoteCode.NOT_SENT_FROZEN in reasons) == (when != "never")


async def test_the_alarms_follow_the_freeze_and_a_request_to_end_it_lapses(world: World) -> None:
    world.directory.assign(AMARA, "security admin")
    await world.click(ChangeFreeze(actor=DANA.chat_id, step=FreezeStep.FREEZE, reason="Incident 7"))
    assert await open_alarms(world) == [AlarmCode.FROZEN]
    await world.click(ChangeFreeze(actor=AMARA.chat_id, step=FreezeStep.FREEZE, reason="Incident 8"))
    assert (await world.refusals())[-1] == (AMARA.chat_id, RefusalCode.ALREADY_FROZEN)
    await step(world, DANA, FreezeStep.ASK_END)
    assert await open_alarms(world) == [AlarmCode.FROZEN, AlarmCode.FREEZE_END_ASKED]
    await step(world, AMARA, FreezeStep.KEEP)
    assert await open_alarms(world) == [AlarmCode.FROZEN]
    await step(world, DANA, FreezeStep.ASK_END)
    world.clock.advance(hours=25)
    await world.freezes.check()
    assert await open_alarms(world) == [AlarmCode.FROZEN]
    await step(world, AMARA, FreezeStep.END)
    assert (await world.refusals())[-1] == (AMARA.chat_id, RefusalCode.FREEZE_END_NOT_ASKED)
    await end(world)
    assert await open_alarms(world) == []
    commands = [command for _, command, outcome in await world.log() if outcome == "accepted"]
    asked = [command for command in commands if command in {one.value for one in FreezeStep}]
    assert asked == ["freeze", "ask_freeze_end", "keep_frozen", "ask_freeze_end", "ask_freeze_end", "end_freeze"]


async def test_a_freeze_outlives_a_restart(world: World) -> None:
    request = await world.approved()
    await freeze(world)
    async with restarted(world) as again:
        request = await again.settled(request.id)
        assert (request.state, codes(request)) == (S.APPLYING, [NoteCode.FROZEN])
        assert len(again.notifier.freezes) == 1
        await end(again)
        assert (await again.request(request.id)).state is S.APPLIED


async def at_once(*steps: Callable[[], Awaitable[object]]) -> list[object]:
    """Do several things at once; a refusal is a result."""
    return await asyncio.gather(*(one() for one in steps), return_exceptions=True)


async def test_two_freezes_at_once_are_one(world: World) -> None:
    results = await at_once(lambda: freeze(world, "One"), lambda: freeze(world, "Two"))
    assert sum(isinstance(one, Freeze) for one in results) == 1
    assert [getattr(one, "code", "") for one in results if not isinstance(one, Freeze)] == [RefusalCode.ALREADY_FROZEN]


async def test_an_approval_and_the_end_at_once_lose_no_write(world: World) -> None:
    await freeze(world)
    request = await world.waiting()
    world.directory.assign(AMARA, "security admin")
    for person in (AMARA, BRUNO):
        await world.approve(request, person)
    await step(world, DANA, FreezeStep.ASK_END)
    stored = await world.store.freeze()
    assert stored is not None
    await world.service.store_click(world.approval(request, CHIE), key=world.key())
    ending = ChangeFreeze(actor=AMARA.chat_id, step=FreezeStep.END, version=stored.version)
    await world.service.store_click(ending, key=world.key())
    await world.settle()
    assert (await world.request(request.id)).state is S.APPLIED


async def test_cards_of_what_waits_change_when_it_begins_and_ends_and_not_in_between(world: World) -> None:
    waiting = await world.waiting()
    await freeze(world)
    assert any(isinstance(one.effect, ShowRequest) for one in await world.store.pending(world.clock.now(), 100))
    await world.settle()
    shown = len(world.notifier.requests)
    await step(world, DANA, FreezeStep.ASK_END)
    assert len(world.notifier.requests) == shown
    world.directory.assign(AMARA, "security admin")
    await step(world, AMARA, FreezeStep.END)
    assert [one.id for one in world.notifier.requests[shown:]] == [waiting.id]
    assert [one.is_frozen for one in world.notifier.freezes] == [True, False]


async def test_an_adoption_goes_on(world: World) -> None:
    """It writes nothing: what stands becomes the record."""
    request = await world.approved()
    assert request.fields.kind is RequestKind.ACCESS
    adoption = replace(request, fields=replace(request.fields, kind=RequestKind.ADOPTION))
    await freeze(world)
    with pytest.raises(WritesFrozen):
        await world.applier.gate.require_not_frozen(adoption)
    nothing = replace(request.plan, operations=())
    adoption = replace(adoption, prepared=replace(request.require_prepared(), plan=nothing))
    await world.applier.gate.require_not_frozen(adoption)
