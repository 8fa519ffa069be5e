"""Before each group of accounts that are enabled, it is checked again that they may be."""

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, BRUNO, CHIE, DANA, TENANT
from tests.workflows.effects.test_frozen import step
from tests.workflows.effects.test_guest_accounts import asked, change, confirm, disabled, ends, finish, freeze
from tests.workflows.guest_accounts import listed
from tests.workflows.world import World
from workflows.app.schedule.downtime import store_gap_at_start, store_tick
from workflows.core.plans.accounts import AccountChange, AccountEnd
from workflows.core.policy.stops.freeze import FreezeStep
from workflows.core.requests.effects import Apply
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.block import BLOCK
from workflows.ports.tenant import TenantRefused, TenantUnavailable

S, ENABLE = RequestState, AccountChange.ENABLE
APPROVERS = (AMARA, BRUNO, CHIE)


async def frozen_in_between(world: World) -> None:
    """Freeze while the first group is sent."""

    async def begin() -> None:
        await world.freezes.freeze_without_person(key=world.key(), user="os:root", reason="Incident")

    world.script.during_next_call("accounts.set_enabled", begin)


async def end_freeze(world: World) -> None:
    """Two people end the freeze."""
    world.directory.assign(AMARA, "security admin")
    world.directory.assign(BRUNO, "data-owner admin")
    await step(world, AMARA, FreezeStep.ASK_END)
    await step(world, BRUNO, FreezeStep.END)


async def waiting_for_the_chain(world: World, count: int = 3) -> AccessRequest:
    """An enabling that is confirmed."""
    await disabled(world, count)
    world.tenant.tenant_settings.guest_pages = [[listed(one) for one in world.guest_accounts.states.values()]]
    return await confirm(world, await asked(world, ENABLE))


async def approved(world: World, request: AccessRequest) -> None:
    """The whole chain approves."""
    for person in APPROVERS:
        await world.approve(request, person)


def codes(request: AccessRequest) -> list[str]:
    """What the note of a request says."""
    return [fact.code for fact in request.note]


@pytest.mark.parametrize(
    "fault", [TenantRefused(403, "Forbidden", "No."), TenantUnavailable("No connection.")], ids=["refused", "lost"]
)
async def test_an_undo_whose_first_group_was_not_written_is_checked_again(world: World, fault: Exception) -> None:
    done = await disabled(world, 3)
    world.clock.advance(hours=23)
    shown = await asked(world, ENABLE, undoes=done.id)
    world.script.fail("accounts.set_enabled", fault)
    waiting = await confirm(world, shown)
    assert (waiting.state, waiting.writing_since) == (S.APPLYING, None)
    world.guest_accounts.is_configured = False
    world.clock.advance(days=30)
    await world.settled(shown.id)
    world.guest_accounts.is_configured = True
    ended = await finish(world, shown.id)
    assert (ended.state, codes(ended)) == (S.STOPPED, [NoteCode.ACCOUNTS_UNDO_TOO_LATE])
    assert not any(one.is_enabled for one in world.guest_accounts.states.values())


async def test_who_confirmed_an_undo_is_an_admin_before_each_group(world: World) -> None:
    done = await disabled(world, 45)
    shown = await asked(world, ENABLE, undoes=done.id)

    async def demote() -> None:
        world.directory.assign(DANA, "")

    world.script.during_next_call("accounts.set_enabled", demote)
    ended = await finish(world, (await confirm(world, shown)).id)
    assert (ended.state, ends(ended)) == (S.STOPPED, {AccountEnd.DONE: 20})
    assert codes(ended) == [NoteCode.ACCOUNTS_NOT_ADMIN, NoteCode.ACCOUNTS_RESULT]
    assert note_words(ended.note).endswith("20 guest accounts are enabled (verified). Others: 25 not sent.")
    assert len(world.guest_accounts.sent) == 4, "three groups that were disabled, and one that was enabled"


async def test_an_undo_that_a_freeze_held_for_days_ends_with_what_took_effect(world: World) -> None:
    done = await disabled(world, 45)
    shown = await asked(world, ENABLE, undoes=done.id)
    await frozen_in_between(world)
    held = await confirm(world, shown)
    assert (held.state, codes(held)[0]) == (S.APPLYING, NoteCode.FROZEN)
    world.clock.advance(days=20)
    await end_freeze(world)
    ended = await finish(world, shown.id)
    assert (ended.state, ends(ended)) == (S.STOPPED, {AccountEnd.DONE: 20})
    assert codes(ended) == [NoteCode.ACCOUNTS_UNDO_TOO_LATE, NoteCode.ACCOUNTS_RESULT]


async def test_a_chain_that_lost_its_roles_decides_again_when_nothing_was_written(world: World) -> None:
    waiting = await waiting_for_the_chain(world)
    world.script.fail("accounts.set_enabled", TenantUnavailable("No connection."))
    await approved(world, waiting)
    for person in APPROVERS:
        world.directory.assign(person, "")
    world.clock.advance(minutes=5)
    again = await world.settled(waiting.id)
    assert (again.state, again.decisions) == (S.AWAITING_APPROVAL, ())
    assert not any(one.is_enabled for one in world.guest_accounts.states.values())


async def test_a_chain_that_lost_its_roles_in_between_stops_the_rest(world: World) -> None:
    waiting = await waiting_for_the_chain(world, 45)

    async def demote() -> None:
        world.directory.assign(CHIE, "")

    world.script.during_next_call("accounts.set_enabled", demote)
    await approved(world, waiting)
    ended = await finish(world, waiting.id)
    assert (ended.state, ends(ended)) == (S.STOPPED, {AccountEnd.DONE: 20})
    assert "Chie" in note_words(ended.note)


async def pause(world: World) -> None:
    """Let the bot not run for an hour, after which Entra's audit log cannot be read."""
    await store_tick(store=world.store, clock=world.clock)
    world.clock.advance(hours=1)
    await store_gap_at_start(store=world.store, clock=world.clock)
    world.clock.advance(minutes=1)
    world.script.fail("surroundings.read_partner_changes", TenantRefused(403, "Forbidden", "No."), times=100)


async def test_after_a_gap_an_enabling_is_confirmed_again(world: World) -> None:
    done = await disabled(world, 3)
    shown = await asked(world, ENABLE, undoes=done.id)
    await confirm(world, shown, but=Apply)
    await pause(world)
    again = await world.settled(shown.id)
    assert (again.state, again.earlier_write_at) == (S.AWAITING_CONFIRMATION, None)
    assert len(world.guest_accounts.sent) == 1
    assert (await confirm(world, again)).state is S.APPLIED


async def test_after_a_gap_a_partly_written_enabling_ends_with_its_part(world: World) -> None:
    done = await disabled(world, 45)
    shown = await asked(world, ENABLE, undoes=done.id)

    async def stopped() -> None:
        await pause(world)

    world.script.during_next_call("accounts.set_enabled", stopped)
    ended = await finish(world, (await confirm(world, shown)).id)
    assert (ended.state, ends(ended)) == (S.STOPPED, {AccountEnd.DONE: 20})
    assert codes(ended) == [NoteCode.NOT_RUNNING, NoteCode.LOG_UNREADABLE, NoteCode.ACCOUNTS_RESULT]


async def test_a_freeze_that_begins_during_the_checks_stops_the_group(world: World) -> None:
    done = await disabled(world, 3)
    shown = await asked(world, ENABLE, undoes=done.id)
    await confirm(world, shown, but=Apply)

    async def begin() -> None:
        await world.freezes.freeze_without_person(key=world.key(), user="os:root", reason="Incident")

    world.script.during_next_call("tenant.verify_home", begin)
    held = await world.settled(shown.id)
    assert codes(held) == [NoteCode.FROZEN]
    assert len(world.guest_accounts.sent) == 1


async def test_a_partner_that_is_blocked_in_entra_is_not_enabled(world: World) -> None:
    done = await disabled(world, 3)
    shown = await asked(world, ENABLE, undoes=done.id)
    block(world)
    ended = await confirm(world, shown)
    assert (ended.state, codes(ended)) == (S.STOPPED, [NoteCode.ACCOUNTS_PARTNER_BLOCKED])
    assert not any(one.is_enabled for one in world.guest_accounts.states.values())


def block(world: World) -> None:
    """Somebody blocks the partner by hand."""
    kept = {name: value for name, value in world.tenant.partners[TENANT].items() if name != "identitySynchronization"}
    world.tenant.partners[TENANT] = {**kept, **BLOCK}


async def test_a_block_in_entra_in_between_stops_the_rest(world: World) -> None:
    done = await disabled(world, 45)
    shown = await asked(world, ENABLE, undoes=done.id)

    async def by_hand() -> None:
        block(world)

    world.script.during_next_call("accounts.set_enabled", by_hand)
    ended = await finish(world, (await confirm(world, shown)).id)
    assert (ended.state, ends(ended)) == (S.STOPPED, {AccountEnd.DONE: 20})
    assert codes(ended) == [NoteCode.ACCOUNTS_PARTNER_BLOCKED, NoteCode.ACCOUNTS_RESULT]


async def test_no_undo_is_possible_when_the_clock_was_set_back(world: World) -> None:
    done = await disabled(world, 1)
    world.clock.advance(days=-30)
    assert await change(world, ENABLE, undoes=done.id) is None
    assert (await world.refusals())[-1] == (DANA.chat_id, "undo_too_late")


async def test_an_approval_that_a_freeze_held_for_weeks_is_asked_for_again(world: World) -> None:
    waiting = await waiting_for_the_chain(world)
    for person in APPROVERS[:2]:
        await world.approve(waiting, person)
    await world.approve(waiting, CHIE, but=Apply)
    await freeze(world)
    held = await world.settled(waiting.id)
    assert (held.state, codes(held)) == (S.APPLYING, [NoteCode.FROZEN])
    world.clock.advance(days=60)
    await end_freeze(world)
    again = await world.settled(waiting.id)
    assert (again.state, again.decisions) == (S.AWAITING_CONFIRMATION, ())
    assert [fact.code for fact in again.asked_again] == [NoteCode.ACCOUNTS_APPROVED_LONG_AGO]
    assert not any(one.is_enabled for one in world.guest_accounts.states.values())


async def test_an_approval_that_is_held_in_between_for_weeks_ends_with_its_part(world: World) -> None:
    waiting = await waiting_for_the_chain(world, 25)
    await frozen_in_between(world)
    await approved(world, waiting)
    world.clock.advance(days=8)
    await end_freeze(world)
    ended = await finish(world, waiting.id)
    assert (ended.state, ends(ended)) == (S.STOPPED, {AccountEnd.DONE: 20})
    assert codes(ended) == [NoteCode.ACCOUNTS_APPROVED_LONG_AGO, NoteCode.ACCOUNTS_RESULT]
