"""A write that Graph accepted without effect: read, sent again when that is safe, otherwise approved again."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.words.requests.notes import note_words, stored_note_words
from tests.workflows.core.builders import AMARA, DANA, MALLORY, SECURITY, TENANT
from tests.workflows.effects.applying import (
    FORBIDDEN,
    NO_ANSWER,
    OPEN,
    OTHER_TENANT,
    assert_stands,
    decided,
    put,
    revocation,
    synchronizing,
)
from tests.workflows.fakes import Crash, FakeTenant, FixedClock
from tests.workflows.partner_lookup.test_resolving import refuse_only
from tests.workflows.world import CATALOG, CONTOSO, World, open_world, restarted
from workflows.core.partners.partnership import PartnershipState, SettingsBasis
from workflows.core.requests.alarms import AlarmCode
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.requests.transitions.resending import ResendStep, next_step
from workflows.core.settings.model import TenantId
from workflows.core.settings.partner_changes import PartnerChange
from workflows.ports.people_directory import PeopleDirectoryRefused

S = RequestState
OTHER = TenantId("5a5e1f50-9999-4a8a-9d30-1d2f00c0ffee")
READ_CHANGES = "surroundings.read_partner_changes"


def entry(at: datetime, *, is_ours: bool = True) -> PartnerChange:
    """An entry of the audit log."""
    return PartnerChange(at=at, activity="Update", changed_by="somebody", is_ours=is_ours)


def change(world: World, *, is_ours: bool) -> PartnerChange:
    """An entry of the audit log of now."""
    return entry(world.clock.now(), is_ours=is_ours)


async def after(world: World, request: AccessRequest, **duration: float) -> AccessRequest:
    """Let time pass, then try what waited."""
    world.clock.advance(**duration)
    return await world.settled(request.id)


async def commands(world: World, request: AccessRequest) -> list[str]:
    return [command for _, command, _ in await world.log(of=request.id)]


@pytest.mark.parametrize("before", [None, OPEN], ids=["create", "change"])
async def test_a_revocation_that_was_accepted_without_effect_is_sent_again_until_it_shows(
    world: World, before: dict[str, object] | None
) -> None:
    world.tenant.ignored = 5

    def needed() -> int:
        return sum(not one.may_be_refused for one in world.tenant.attempts)

    request = await put(world, revocation(before))
    request = await world.settled(request.id)
    assert request.state is S.UNCONFIRMED
    assert needed() == 1
    sent_at: list[datetime] = []
    for _ in range(60):
        request = await after(world, request, minutes=1)
        if needed() > len(sent_at) + 1:
            sent_at.append(world.clock.now())
        if request.state is S.APPLIED:
            break
    assert request.state is S.APPLIED
    assert needed() == 6
    rests = [int((later - earlier).total_seconds() // 60) for earlier, later in pairwise(sent_at)]
    assert rests == [1, 2, 4, 5], "less and less often"
    assert "surroundings.read_partner_changes" not in world.script.calls, "closing asks nobody"
    assert (await commands(world, request)).count("record_resent") == 5


async def test_an_opening_that_was_accepted_without_effect_is_sent_again_once(world: World) -> None:
    world.tenant.ignored = 1
    request = await put(world, decided())
    request = await world.settled(request.id)
    assert (request.state, len(world.tenant.attempts)) == (S.UNCONFIRMED, 1)
    world.tenant.tenant_settings.changes[TENANT] = [change(world, is_ours=True)]
    request = await after(world, request, minutes=2)
    assert request.state is S.APPLIED
    assert len(world.tenant.attempts) == 2
    assert_stands(world, request.plan)
    assert await commands(world, request) == [
        "record_writing",
        "record_unseen",
        "record_delayed",
        "record_resent",
        "record_applied",
    ]


async def test_an_opening_that_does_not_show_the_second_time_either_is_asked_again(world: World) -> None:
    world.tenant.ignored = 100
    request = await put(world, decided())
    await world.settle()
    for _ in range(14):
        request = await after(world, request, minutes=1)
        assert request.state is S.UNCONFIRMED
    assert len(world.tenant.attempts) == 2
    request = await after(world, request, minutes=2)
    assert request.state is S.AWAITING_APPROVAL
    assert "does not show it" in note_words(request.asked_again)
    assert request.decisions == ()
    await after(world, request, minutes=60)
    assert len(world.tenant.attempts) == 2


@pytest.mark.parametrize("error", [FORBIDDEN, NO_ANSWER], ids=["refused", "no answer"])
async def test_without_the_audit_log_nothing_that_opens_is_sent_twice(world: World, error: Exception) -> None:
    world.tenant.ignored = 1
    world.script.fail(READ_CHANGES, error, times=100)
    request = await put(world, decided(OPEN))
    await world.settle()
    for _ in range(15):
        request = await after(world, request, minutes=1)
        assert request.state is S.UNCONFIRMED
    request = await after(world, request, minutes=2)
    assert request.state is S.AWAITING_APPROVAL
    assert len(world.tenant.attempts) == 1


async def test_an_opening_that_somebody_else_may_have_undone_is_asked_again_and_nobody_is_blamed(world: World) -> None:
    """An administrator may have undone our write: it must not be sent again without approval."""
    request = await put(world, decided(OPEN))
    world.tenant.ignored = 1
    await world.settle()
    world.tenant.tenant_settings.changes[TENANT] = [change(world, is_ours=True), change(world, is_ours=False)]
    request = await after(world, request, minutes=2)
    assert request.state is S.AWAITING_APPROVAL
    assert "somebody" not in note_words(request.asked_again).lower()
    assert len(world.tenant.attempts) == 1


async def test_our_own_entry_in_the_audit_log_is_no_other_writer(world: World) -> None:
    request = await put(world, decided(OPEN))
    world.tenant.ignored = 1
    await world.settle()
    world.tenant.tenant_settings.changes[TENANT] = [change(world, is_ours=True)]
    assert (await after(world, request, minutes=2)).state is S.APPLIED


async def test_an_opening_is_not_sent_again_for_approvals_that_do_not_count_any_more(world: World) -> None:
    request = await put(world, decided())
    world.tenant.ignored = 1
    await world.settle()
    world.tenant.tenant_settings.changes[TENANT] = [change(world, is_ours=True)]
    world.directory.assign(AMARA, "")
    world.directory.assign(MALLORY, "security")
    request = await after(world, request, minutes=2)
    assert request.state is S.AWAITING_APPROVAL
    assert len(world.tenant.attempts) == 1


@pytest.mark.parametrize("now", ["elsewhere", "nowhere", "refused"])
async def test_an_opening_is_not_sent_again_where_its_name_does_not_lead_to_the_partner_any_more(
    world: World, monkeypatch: pytest.MonkeyPatch, now: str
) -> None:
    """A second write has the same conditions as the first. A refused look-up is not waited for."""
    request = await unseen(world, decided())
    if now == "elsewhere":
        world.tenant.tenants["contoso.com"] = replace(CONTOSO, tenant_id=OTHER)
    elif now == "nowhere":
        del world.tenant.tenants["contoso.com"]
    else:
        refuse_only(world, monkeypatch, "contoso.com")
    request = await after(world, request, minutes=2)
    assert "replan" in await commands(world, request)
    assert request.state is not S.UNCONFIRMED
    assert len(world.tenant.attempts) == 1


async def unseen(world: World, request: AccessRequest) -> AccessRequest:
    """Write it without effect; the audit log shows that write and no other."""
    world.tenant.ignored = 1
    request = await put(world, request)
    await world.settle()
    world.tenant.tenant_settings.changes[TENANT] = [change(world, is_ours=True)]
    return request


async def assert_asked_again(world: World, request: AccessRequest, words: str) -> None:
    request = await after(world, request, minutes=2)
    (replanned,) = [
        one for one in await world.store.history(request_id=request.id, limit=100) if one.command == "replan"
    ]
    assert words in stored_note_words(replanned.details["reason"])
    assert "Nothing was written" not in stored_note_words(replanned.details["reason"])
    assert request.decisions == ()
    assert len(world.tenant.attempts) == 1


async def test_an_opening_whose_name_leads_nowhere_any_more_is_not_sent_again(world: World) -> None:
    request = await unseen(world, decided())
    world.tenant.tenants.clear()
    await assert_asked_again(world, request, "but belongs to no tenant now")


async def test_an_opening_whose_approved_name_leads_to_another_tenant_is_not_sent_again(world: World) -> None:
    """What was shown and approved is the name that the identity was asked by, not what was typed."""
    request = decided()
    request = await unseen(world, replace(request, fields=replace(request.fields, target="www.contoso.com")))
    world.tenant.tenants["www.contoso.com"] = CONTOSO
    world.tenant.tenants["contoso.com"] = replace(CONTOSO, tenant_id=OTHER_TENANT)
    await assert_asked_again(world, request, f"but belongs to the tenant {OTHER_TENANT} now")


async def test_an_opening_of_another_cloud_that_nobody_here_can_resolve_is_sent_again(world: World) -> None:
    request = decided()
    known = request.require_prepared()
    identity = replace(known.observation.identity, is_resolved=False)
    observation = replace(known.observation, identity=identity)
    request = await unseen(world, replace(request, prepared=replace(known, observation=observation)))
    world.tenant.tenants.clear()
    assert (await after(world, request, minutes=2)).state is S.APPLIED


async def test_an_opening_whose_role_is_defined_otherwise_is_not_sent_again(world: World) -> None:
    request = decided()
    known = replace(request.require_prepared(), roles=CATALOG.role_hashes([SECURITY]))
    request = await unseen(world, replace(request, prepared=known))
    source = replace(CATALOG.roles[SECURITY], user_groups=("another-group",))
    other = replace(CATALOG, roles={**CATALOG.roles, SECURITY: source})
    async with restarted(world, catalog=other) as again:
        await assert_asked_again(again, request, "changed after this was shown")


async def test_a_directory_that_refuses_makes_a_second_sending_wait(world: World) -> None:
    request = await unseen(world, decided())
    world.script.fail("directory.current_roles", PeopleDirectoryRefused("users.info", "token_revoked"), times=1)
    request = await after(world, request, minutes=2)
    assert request.state is S.UNCONFIRMED
    assert "token_revoked" in note_words(request.note)
    assert (await after(world, request, minutes=2)).state is S.APPLIED


async def test_an_empty_audit_log_is_no_proof_before_it_can_have_been_written(world: World) -> None:
    world.tenant.ignored = 1
    request = await put(world, decided(OPEN))
    await world.settle()
    for _ in range(9):
        request = await after(world, request, minutes=1)
        assert request.state is S.UNCONFIRMED
    assert READ_CHANGES in world.script.calls
    assert len(world.tenant.attempts) == 1
    assert (await after(world, request, minutes=1)).state is S.APPLIED


async def test_our_entry_from_before_the_write_does_not_show_that_the_log_has_come_so_far(world: World) -> None:
    """The log is read from a minute earlier, as clocks differ."""
    world.tenant.ignored = 1
    request = await put(world, decided(OPEN))
    await world.settle()
    sent = world.clock.now()
    assert (
        next_step(await world.request(request.id), sent + timedelta(minutes=2), [entry(sent)]) is ResendStep.SEND_AGAIN
    )
    earlier = [entry(sent - timedelta(seconds=30))]
    assert next_step(await world.request(request.id), sent + timedelta(minutes=2), earlier) is ResendStep.READ
    assert next_step(await world.request(request.id), sent + timedelta(minutes=16), earlier) is ResendStep.ASK_AGAIN


async def test_only_the_write_that_does_not_show_is_sent_again(world: World) -> None:
    request = await put(world, synchronizing(OPEN))
    assert len(request.plan.operations) == 2
    world.script.fail("tenant.write", NO_ANSWER, on=2)
    await world.settle()
    world.tenant.ignored = 1
    request = await after(world, request, minutes=2)
    assert request.state is S.UNCONFIRMED
    world.tenant.tenant_settings.changes[TENANT] = [change(world, is_ours=True)]
    world.tenant.attempts.clear()
    request = await after(world, request, minutes=2)
    assert request.state is S.APPLIED
    assert [one.path.rpartition("/")[2] for one in world.tenant.attempts] == ["identitySynchronization"]


async def test_a_part_that_is_in_the_tenant_is_recorded_and_not_planned_again(world: World) -> None:
    """A new plan that is then rejected or expires would leave the part without a record, a review and an alarm."""
    request = await put(world, synchronizing(OPEN))
    world.script.fail("tenant.write", NO_ANSWER, on=2)
    await world.settle()
    world.tenant.ignored = 100
    for _ in range(18):
        request = await after(world, request, minutes=1)
    assert (request.state, request.applied_part, request.earlier_write_at) == (S.FAILED, 1, None)
    assert "replan" not in await commands(world, request)
    said = note_words(request.note)
    assert "Only 1 of 2 changes is in the tenant (verified)" in said
    assert "planned again" not in said
    record = await world.store.partnership(TENANT)
    assert record is not None
    assert (record.basis, record.next_review_at) == (SettingsBasis.PARTLY_APPLIED, request.changed_at)
    assert [one.code for one in await world.store.open_alarms()] == [AlarmCode.PARTLY_APPLIED]
    world.tenant.ignored = 0
    await world.revoke(DANA)
    closed = await world.store.partnership(TENANT)
    assert closed is not None
    assert closed.state is PartnershipState.REVOKED


@pytest.mark.parametrize("kind", [RequestKind.ACCESS, RequestKind.REVOCATION])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_crash_around_the_second_sending_never_opens_a_third_time(
    tmp_path: Path, kind: RequestKind, when: str
) -> None:
    """That it is sent again is stored before it is sent."""
    points = 0
    while await _crashed_at(points + 1, when == "after", tmp_path / f"{points}.db", kind):
        points += 1
    assert points >= 4


async def _crashed_at(point: int, is_after: bool, path: Path, kind: RequestKind) -> bool:
    tenant, clock = FakeTenant(), FixedClock()
    tenant.add_tenant(CONTOSO)
    tenant.ignored = 100
    asked = decided(OPEN) if kind is RequestKind.ACCESS else revocation(OPEN)
    crashed = False
    async with open_world(path, clock=clock, tenant=tenant) as world:
        request = await put(world, asked)
        await world.settle()
        tenant.tenant_settings.changes[TENANT] = [change(world, is_ours=True)]
        clock.advance(minutes=2)
        world.script.fail("", Crash(), on=point, after=is_after)
        try:
            await world.applier.apply(request.id)
        except Crash:
            crashed = True
        except NO_ANSWER.__class__:
            pass
    async with open_world(path, clock=clock, tenant=tenant) as world:
        for _ in range(10):
            clock.advance(minutes=1)
            await world.settle()
        stands = await world.request(request.id)
        if kind is RequestKind.ACCESS:
            assert len(tenant.attempts) <= 2
        else:
            assert len(tenant.attempts) >= 3
        assert stands.state is S.UNCONFIRMED
        assert (await commands(world, request)).count("record_resent") >= 1
    return crashed


@pytest.mark.parametrize("kind", [RequestKind.ACCESS, RequestKind.REVOCATION])
async def test_a_write_that_is_not_shown_for_ten_minutes_alarms_until_it_is(world: World, kind: RequestKind) -> None:
    world.tenant.ignored = 3 if kind is RequestKind.ACCESS else 100
    world.script.fail(READ_CHANGES, FORBIDDEN, times=100)
    request = await put(world, decided(OPEN) if kind is RequestKind.ACCESS else revocation(OPEN))
    await world.settle()
    for _ in range(10):
        await world.checks.run()
        assert not [one for one in await world.store.open_alarms() if one.code is AlarmCode.WRITE_NOT_SHOWN]
        request = await after(world, request, minutes=1)
    await world.checks.run()
    [alarm] = [one for one in await world.store.open_alarms() if one.code is AlarmCode.WRITE_NOT_SHOWN]
    assert (alarm.subject, alarm.values["partner"]) == (request.id, "contoso.com")
    world.tenant.partners[TENANT] = dict(request.plan.configuration_after() or {})
    assert (await after(world, request, minutes=1)).state is S.APPLIED
    await world.checks.run()
    assert await world.store.open_alarms() == []


async def test_a_revocation_that_nothing_answers_alarms_after_two_minutes_until_it_is_confirmed(world: World) -> None:
    world.script.fail("tenant.read_partner", NO_ANSWER, times=4)
    request = await put(world, revocation(OPEN))
    await world.settle()
    await world.checks.run()
    assert await world.store.open_alarms() == []
    world.clock.moment = request.created_at + timedelta(minutes=2)
    await world.checks.run()
    await world.checks.run()
    [alarm] = await world.store.open_alarms()
    assert (alarm.code, alarm.subject) == (AlarmCode.REVOCATION_NOT_COMPLETE, request.id)
    for _ in range(5):
        request = await after(world, request, minutes=1)
    assert request.state is S.APPLIED
    await world.checks.run()
    assert await world.store.open_alarms() == []
