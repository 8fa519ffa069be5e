"""Accounts that are chosen by address or object ID are found among the partner's guests, whatever the case."""

from tests.workflows.app.evidence.guests.test_listing import ASKED, account
from tests.workflows.world import World
from workflows.app.evidence.guests.chosen import find_chosen, split_chosen
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
    assert found.ids == ("A1", "A2", "A3"), "two accounts of one address are both found"
    assert found.unknown == ("Ann+test@contoso.com", "nobody@fabrikam.com")
    assert found.is_complete


async def test_what_was_not_read_to_its_end_may_have_more(world: World) -> None:
    world.script.fail("surroundings.guest_page_active", TenantUnavailable("no answer"))
    found = await find_chosen(("ann@contoso.com",), ASKED, tenant=world.tenant, clock=world.clock)
    assert (found.ids, found.unknown, found.is_complete) == ((), ("ann@contoso.com",), False)
