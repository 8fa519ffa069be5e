"""Accounts that are chosen by address or object ID are found among the partner's guests, whatever the case."""

from dataclasses import replace

import pytest

from tests.workflows.app.evidence.guests.test_listing import ASKED, account
from tests.workflows.world import World
from workflows.app.evidence.guests.chosen import find_chosen, split_chosen
from workflows.core.people import PersonId
from workflows.ports.tenant import TenantUnavailable


def test_what_was_pasted_is_split_and_each_is_there_once() -> None:
    assert split_chosen(" Ann@contoso.com,\nbob@contoso.com; ann@CONTOSO.com\t7 ") == (
        "Ann@contoso.com",
        "bob@contoso.com",
        "7",
    )
    assert split_chosen("Ben Ortiz\npat@northwind.com") == ("Ben Ortiz", "pat@northwind.com"), "a name stays whole"
    assert split_chosen(" \n,") == ()


async def test_addresses_and_ids_are_found_and_what_is_unknown_is_named(world: World) -> None:
    world.tenant.tenant_settings.guest_pages = [
        [account("A1", "Ann@Contoso.com"), account("A2", "ann@contoso.com"), account("A3", "bob@contoso.com")]
    ]
    typed = split_chosen("ANN@contoso.com a3 Ann+test@contoso.com nobody@fabrikam.com")
    found = await find_chosen(typed, ASKED, tenant=world.tenant, clock=world.clock)
    assert found.ids == ("A3",)
    assert found.shared == {"ann@contoso.com": 2}, "an address of two accounts chooses nobody"
    assert found.unknown == ("Ann+test@contoso.com", "nobody@fabrikam.com")
    assert found.is_complete


async def test_one_of_two_accounts_of_an_address_is_chosen_by_its_id_or_its_sign_in_name(world: World) -> None:
    named = replace(account("A2", "ann@contoso.com"), principal_name="Ann_Contoso.com#EXT#@woodgrove.com")
    world.tenant.tenant_settings.guest_pages = [[account("A1", "ann@contoso.com"), named]]
    for typed in ("a2", "ann_contoso.com#ext#@woodgrove.com"):
        found = await find_chosen(split_chosen(typed), ASKED, tenant=world.tenant, clock=world.clock)
        assert (found.ids, found.unknown, found.shared) == (("A2",), (), {})


async def test_an_address_of_an_own_account_chooses_nobody(world: World) -> None:
    settings = world.tenant.tenant_settings
    settings.guest_pages = [[account("A1", "ann@contoso.com")]]
    own = replace(account("E1", "Ann@contoso.com", user_type="member"), principal_name="ann@woodgrove.com")
    settings.own_account_pages = [[own, replace(own, id=PersonId("E2"), mail="eve@contoso.com")]]
    typed = split_chosen("ann@contoso.com eve@contoso.com e2")
    found = await find_chosen(typed, ASKED, tenant=world.tenant, clock=world.clock)
    assert (found.ids, found.shared) == ((), {"ann@contoso.com": 2})
    assert found.unknown == ("eve@contoso.com", "e2")


@pytest.mark.parametrize("part", ["guest_page_active", "own_account_page"])
async def test_while_not_everything_is_read_only_an_id_chooses(world: World, part: str) -> None:
    settings = world.tenant.tenant_settings
    settings.guest_pages = [[account("A1", "ann@contoso.com")], [account("A2", "ann@contoso.com")]]
    world.script.fail(f"surroundings.{part}", TenantUnavailable("no answer"), on=2 if "guest" in part else 1)
    settings.guest_pages = settings.guest_pages if "guest" in part else settings.guest_pages[:1]
    found = await find_chosen(("ann@contoso.com", "a1"), ASKED, tenant=world.tenant, clock=world.clock)
    assert (found.ids, found.unknown, found.is_complete) == (("A1",), ("ann@contoso.com",), False)


async def test_what_was_not_read_to_its_end_may_have_more(world: World) -> None:
    world.script.fail("surroundings.guest_page_active", TenantUnavailable("no answer"))
    found = await find_chosen(("ann@contoso.com",), ASKED, tenant=world.tenant, clock=world.clock)
    assert (found.ids, found.unknown, found.is_complete) == ((), ("ann@contoso.com",), False)
