"""An undo takes nothing that somebody else decided about later, and nothing of another partner."""

from dataclasses import replace

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import AMARA, DANA, TENANT
from tests.workflows.effects.test_guest_accounts import asked, change, confirm, disabled, put_guests
from tests.workflows.guest_accounts import guest
from tests.workflows.world import World
from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountChange
from workflows.core.requests.request import RequestState
from workflows.core.settings.model import TenantId

S = RequestState
OTHER = TenantId("99999999-9999-4999-8999-999999999999")


async def test_a_later_plan_that_names_only_the_first_leaves_every_account_out(world: World) -> None:
    done = await disabled(world, 300)
    world.clock.advance(minutes=5)
    world.directory.assign(AMARA, "admin security")
    put_guests(world, [*world.guest_accounts.states.values(), guest(900)])
    later = await confirm(world, await asked(world, actor=AMARA), AMARA)
    assert later.state is S.APPLIED
    assert await change(world, AccountChange.ENABLE, undoes=done.id) is None
    assert await world.refusals() == [(DANA.chat_id, "undo_overtaken")]


async def test_what_somebody_else_found_disabled_is_not_undone(world: World) -> None:
    done = await disabled(world, 3)
    world.clock.advance(minutes=5)
    world.directory.assign(AMARA, "admin security")
    put_guests(world, world.guest_accounts.states.values())
    later = await change(world, actor=AMARA)
    assert later is not None
    assert later.state is S.UNFIT
    assert "3 already disabled" in note_words(later.note)
    assert await change(world, AccountChange.ENABLE, undoes=done.id) is None
    assert await world.refusals() == [(DANA.chat_id, "undo_overtaken")]


async def test_what_was_decided_after_the_preview_is_not_confirmed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await disabled(world, 3)
    shown = await asked(world, AccountChange.ENABLE, undoes=done.id)
    # As two requests that are filed at the same moment: neither stopped the other.
    other = replace(done, id=type(done.id)("R-OTHER"), changed_at=world.clock.now())
    accounts = other.plan.accounts
    assert accounts is not None
    one = replace(accounts, accounts=accounts.accounts[:1])
    prepared = replace(other.require_prepared(), plan=replace(other.plan, accounts=one))
    usual = type(world.store).account_changes_since

    async def changes_since(store: object, tenant_id: TenantId, moment: object) -> object:
        return [*await usual(world.store, tenant_id, moment), replace(other, prepared=prepared)]  # type: ignore[arg-type]

    monkeypatch.setattr(type(world.store), "account_changes_since", changes_since)
    assert (await confirm(world, shown)).state is S.AWAITING_CONFIRMATION
    assert await world.refusals() == [(DANA.chat_id, "undo_overtaken")]


async def test_a_later_request_is_found_behind_many_others(world: World) -> None:
    done = await disabled(world, 2)
    world.clock.advance(minutes=5)
    world.guest_accounts.change(PersonId("guest-0"), is_enabled=True)
    put_guests(world, world.guest_accounts.states.values())
    later = await confirm(world, await asked(world))
    found = await world.store.account_changes_since(TENANT, done.changed_at)
    assert [one.id for one in found] == [done.id, later.id]
    assert [one.id for one in await world.store.account_changes_since(TENANT, later.changed_at)] == [later.id]
    assert await world.store.account_changes_since(OTHER, done.changed_at) == []


async def test_a_disabling_is_undone_only_for_its_own_partner(world: World) -> None:
    done = await disabled(world, 3)
    record = await world.store.partnership(TENANT)
    assert record is not None
    other = replace(record.identity, tenant_id=OTHER, default_domain="fabrikam.com", display_name="Fabrikam")
    world.tenant.tenants |= {"fabrikam.com": other, OTHER: other}
    await world.revoke(DANA)
    assert await change(world, AccountChange.ENABLE, target="fabrikam.com", undoes=done.id) is None
    assert await world.refusals() == [(DANA.chat_id, "nothing_to_undo")]
    assert not any(one.is_enabled for one in world.guest_accounts.states.values())
