"""Nobody is planned of whom it is not sure that the address is theirs alone, and this partner's."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.words.requests.notes import note_words
from tests.workflows.core.builders import TENANT
from tests.workflows.effects.test_guest_accounts import asked, change, put_guests
from tests.workflows.guest_accounts import guest, listed
from tests.workflows.world import World
from workflows.app.evidence.guests import listing
from workflows.core.partners.partnership import Partnership
from workflows.core.people import PersonId
from workflows.core.plans.accounts import AccountPlan, LeftAlone
from workflows.core.requests.request import AccessRequest, RequestState
from workflows.core.settings.model import TenantId
from workflows.ports.tenant import TenantRefused, TenantUnavailable

S = RequestState
OTHER = TenantId("99999999-9999-4999-8999-999999999999")
TWIN = guest(1, mail="guest0@contoso.com")


def plan_of(request: AccessRequest) -> AccountPlan:
    """The accounts of a request."""
    assert request.plan.accounts is not None
    return request.plan.accounts


def in_two_pages(world: World) -> None:
    """Let the second account of an address be on the second page."""
    world.guest_accounts.put(guest(0), TWIN)
    world.tenant.tenant_settings.guest_pages = [[listed(guest(0))], [listed(TWIN)]]


async def test_an_unread_page_may_have_the_second_account_of_an_address(world: World) -> None:
    in_two_pages(world)
    world.script.fail("surroundings.guest_page_active", TenantUnavailable("No answer."), on=2)
    request = await change(world)
    assert request is not None
    assert (request.state, request.prepared) == (S.PREPARING, None)
    assert "cannot be read now" in note_words(request.note)
    world.clock.advance(minutes=2)
    ended = await world.settled(request.id)
    assert ended.state is S.UNFIT
    assert "2 with the address of another account" in note_words(ended.note)


async def test_an_account_that_was_chosen_by_its_id_needs_no_other_page(world: World) -> None:
    in_two_pages(world)
    world.script.fail("surroundings.guest_page_active", TenantUnavailable("No answer."), on=2)
    shown = await asked(world, accounts=(PersonId("guest-0"),))
    assert [one.id for one in plan_of(shown).accounts] == ["guest-0"]
    assert not plan_of(shown).is_complete


@pytest.mark.parametrize("chosen", [(), (PersonId("guest-0"),)])
async def test_nobody_is_planned_while_no_page_is_read(world: World, chosen: tuple[PersonId, ...]) -> None:
    in_two_pages(world)
    world.script.fail("surroundings.guest_page_active", TenantUnavailable("No answer."))
    request = await change(world, accounts=chosen)
    assert request is not None
    assert request.state is S.PREPARING


async def test_the_address_of_an_own_account_is_left_alone(world: World) -> None:
    put_guests(world, [guest(0), guest(2)])
    own = guest(7, mail="Guest0@contoso.com", user_type="member", principal_name="ann@us.example")
    world.tenant.tenant_settings.own_account_pages = [[listed(own, state="")]]
    plan = plan_of(await asked(world))
    assert [one.id for one in plan.accounts] == ["guest-2"]
    assert {one.id: one.reason for one in plan.left_alone} == {"guest-0": LeftAlone.SAME_ADDRESS}


@pytest.mark.parametrize(
    ("error", "state", "words"),
    [
        (TenantUnavailable("No answer."), S.PREPARING, "cannot be read now"),
        (TenantRefused(403, "Authorization_RequestDenied", "No."), S.UNFIT, "User.Read.All"),
    ],
)
async def test_while_own_accounts_are_unread_nobody_is_planned(
    world: World, error: Exception, state: RequestState, words: str
) -> None:
    put_guests(world, [guest(0)])
    world.script.fail("surroundings.own_account_page", error)
    request = await change(world)
    assert request is not None
    assert request.state is state
    assert words in note_words(request.note)


async def test_of_more_accounts_than_are_read_nobody_is_planned(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    in_two_pages(world)
    monkeypatch.setattr(listing, "MAX_LISTED_GUESTS", 1)
    request = await change(world)
    assert request is not None
    assert request.state is S.UNFIT
    assert "Not everything could be read" in note_words(request.note)


async def test_an_account_with_the_address_of_another_recorded_partner_is_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.opened()
    put_guests(world, [guest(0), guest(1, mail="ann@fabrikam.com"), guest(2, mail="")])
    record = await world.store.partnership(TENANT)
    assert record is not None
    identity = replace(record.identity, tenant_id=OTHER, default_domain="fabrikam.com", typed_name="fabrikam.com")
    usual = type(world.store).partnerships_named

    async def named(_: object, name: str) -> Sequence[Partnership]:
        return [replace(record, identity=identity)] if name == "fabrikam.com" else await usual(world.store, name)

    monkeypatch.setattr(type(world.store), "partnerships_named", named)
    plan = plan_of(await asked(world))
    assert [one.id for one in plan.accounts] == ["guest-0", "guest-2"]
    assert {one.id: one.reason for one in plan.left_alone} == {"guest-1": LeftAlone.OTHER_PARTNER}
