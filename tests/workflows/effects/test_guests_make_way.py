"""Whoever asks to disable accounts stops what enables accounts of the same partner, and what nobody has confirmed."""

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, DANA, current_roles
from tests.workflows.effects.test_guest_accounts import (
    asked,
    change,
    confirm,
    disabled,
    ends,
    finish,
    freeze,
    put_guests,
)
from tests.workflows.guest_accounts import guest
from tests.workflows.world import World
from workflows.app.evidence.guests.account_filing import AccountFiling
from workflows.app.storing.identifiers import derived_request_id, verdict_key
from workflows.core.plans.accounts import AccountChange, AccountEnd
from workflows.core.requests.commands.request import ChangeGuests, Withdraw
from workflows.core.requests.effects import Apply, Prepare
from workflows.core.requests.notes import NoteCode
from workflows.core.requests.request import AccessRequest, RequestId, RequestState
from workflows.ports.tenant import TenantUnavailable

S = RequestState


async def stopped(world: World, request: AccessRequest) -> bool:
    """Whether a request was stopped because Amara asked to disable accounts."""
    ended = await world.request(request.id)
    assert note_words(ended.note).startswith(f"{AMARA.name} asked later to disable"), (ended.state, ended.note)
    return ended.state is S.STOPPED


async def two_admins(world: World) -> None:
    """Let Amara be an admin, too, and let there be a guest who is enabled."""
    world.directory.assign(AMARA, "admin security")
    put_guests(world, [*world.guest_accounts.states.values(), guest(900)])


async def test_an_enabling_that_waits_for_approval_gives_way(world: World) -> None:
    await disabled(world)
    await two_admins(world)
    waiting = await confirm(world, await asked(world, AccountChange.ENABLE))
    assert waiting.state is S.AWAITING_APPROVAL
    shown = await asked(world, actor=AMARA)
    assert await stopped(world, waiting)
    assert (await confirm(world, shown, AMARA)).state is S.APPLIED


async def test_an_enabling_that_a_freeze_holds_gives_way(world: World) -> None:
    done = await disabled(world)
    await two_admins(world)
    held = await asked(world, AccountChange.ENABLE, undoes=done.id)
    await confirm(world, held, but=Apply)
    await freeze(world)
    assert (await world.settled(held.id)).state is S.APPLYING
    await asked(world, actor=AMARA)
    assert await stopped(world, held)


@pytest.mark.parametrize("kind", list(AccountChange))
async def test_a_preview_that_nobody_confirmed_gives_way(world: World, kind: AccountChange) -> None:
    await disabled(world)
    await two_admins(world)
    shown = await asked(world, kind)
    await asked(world, actor=AMARA)
    assert await stopped(world, shown)


async def test_what_is_still_being_prepared_gives_way(world: World) -> None:
    await disabled(world)
    await two_admins(world)
    world.script.fail("accounts.roles", TenantUnavailable("No answer."))
    preparing = await change(world)
    assert preparing is not None
    assert preparing.state is S.PREPARING
    await asked(world, actor=AMARA)
    assert await stopped(world, preparing)


async def test_an_enabling_that_is_partly_written_is_read_back_before_the_disabling_is_planned(world: World) -> None:
    done = await disabled(world, 45)
    world.directory.assign(AMARA, "admin security")
    shown = await asked(world, AccountChange.ENABLE, undoes=done.id)
    key = world.key()

    async def ask() -> None:
        click = ChangeGuests(actor=AMARA.chat_id, change=AccountChange.DISABLE, target="contoso.com", reason="No.")
        await world.service.store_click(click, key=key)
        for pending in await world.store.pending(world.clock.now(), 100):
            if pending.lane.startswith("judge:"):
                await world.performer.perform(pending.effect)
                await world.store.mark_done(pending.id)
        preparing = await request_of(world, key)
        with pytest.raises(TenantUnavailable):
            await world.performer.perform(Prepare(request_id=preparing.id))
        assert (await request_of(world, key)).note[0].code == NoteCode.ACCOUNTS_READ_BACK_FIRST

    world.script.during_next_call("accounts.set_enabled", ask)
    ended = await finish(world, (await confirm(world, shown)).id)
    assert (ended.state, ends(ended)) == (S.STOPPED, {AccountEnd.DONE: 20})
    assert await stopped(world, ended)
    world.clock.advance(minutes=2)
    again = await world.settled((await request_of(world, key)).id)
    assert again.state is S.AWAITING_CONFIRMATION
    assert {one.id for one in again.plan.accounts.accounts} == set(world.guest_accounts.sent[-1])  # type: ignore[union-attr]


async def request_of(world: World, key: str) -> AccessRequest:
    """The request that a click filed."""
    return await world.request(RequestId(derived_request_id(verdict_key(key))))


async def test_a_click_that_is_carried_out_again_stops_nothing_that_was_asked_later(world: World) -> None:
    await disabled(world)
    await two_admins(world)
    filing = AccountFiling(
        service=world.service,
        store=world.store,
        tenant=world.tenant,
        catalog=world.catalog,
        clock=world.clock,
        accounts=world.guest_accounts,
    )
    click = ChangeGuests(actor=DANA.chat_id, change=AccountChange.DISABLE, target="contoso.com", reason="Over.")
    roles, once = current_roles(dana="admin"), RequestId("R-TWICE")
    await filing.file(click, DANA, roles, once, key="twice")
    later = await asked(world, actor=AMARA)
    await filing.file(click, DANA, roles, once, key="twice")
    assert (await world.request(later.id)).state is S.AWAITING_CONFIRMATION
    assert (await world.request(once)).state is S.STOPPED


async def test_a_confirmed_disabling_does_not_give_way(world: World) -> None:
    await world.opened()
    put_guests(world, [guest(0)])
    shown = await asked(world)
    await two_admins(world)
    await confirm(world, shown, but=Apply)
    assert await change(world, actor=AMARA) is None
    assert await world.refusals() == [(AMARA.chat_id, "guest_change_running")]
    assert (await world.settled(shown.id)).state is S.APPLIED


async def test_what_has_ended_stays_as_it_ended(world: World) -> None:
    await disabled(world)
    await two_admins(world)
    shown = await asked(world)
    await world.click(Withdraw(actor=DANA.chat_id, request_id=shown.id))
    await asked(world, actor=AMARA)
    assert (await world.request(shown.id)).state is S.WITHDRAWN
