"""A domain that no tenant has: said first, then the known name that was perhaps meant; never taken."""

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.world import World
from workflows.core.errors.raised import InvalidField, Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.partner_lookup.lookalikes import edit_distance, similar_names
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.tenant import TenantUnavailable

UNKNOWN = "No Microsoft Entra tenant has the domain “{}”. "
SPELLING = "Check the spelling with the partner, or ask them for their tenant ID."


async def said(world: World, typed: str) -> str:
    """What the form says of a name that nobody has."""
    with pytest.raises(InvalidField) as caught:
        await world.intake.look_up(typed)
    return refusal_words(caught.value)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("contso.com", "contso.com"),
        ("contosso.com", "contosso.com"),
        ("cotnoso.com", "cotnoso.com"),
        ("cont0so.com", "cont0so.com"),
        ("contoso.con", "contoso.con"),
        ("https://www.contso.com/about", "contso.com"),
    ],
)
async def test_a_slip_is_said_to_be_unknown_and_the_partner_on_record_is_offered(
    world: World, typed: str, name: str
) -> None:
    await world.opened()
    assert await said(world, typed) == f"{UNKNOWN.format(name)}Did you mean contoso.com?"


async def test_the_company_behind_a_longer_name_is_offered(world: World) -> None:
    assert await said(world, "portal.contoso.com") == (
        f"{UNKNOWN.format('portal.contoso.com')}Did you mean contoso.com?"
    )


async def test_our_own_name_is_recognized(world: World) -> None:
    assert "“woodgrove.com” is our own tenant" in await said(world, "woodgrov.com")


@pytest.mark.parametrize("typed", ["nowhere.example", "fabrikam.com"])
async def test_a_name_that_is_near_none_is_only_unknown(world: World, typed: str) -> None:
    await world.opened()
    assert await said(world, typed) == UNKNOWN.format(typed) + SPELLING


async def test_other_clouds_are_spoken_of_only_where_one_is_enabled(world: World) -> None:
    assert "cloud" not in await said(world, "contso.com")
    world.tenant.tenant_settings.access_policy = {"allowedCloudEndpoints": ["microsoftonline.us"]}
    assert (await said(world, "contso.com")).endswith(
        "A partner in another Microsoft cloud is found by its tenant ID only."
    )


@pytest.mark.parametrize("method", ["verified_domains", "read_access_policy"])
async def test_what_cannot_be_read_only_leaves_the_advice_out(world: World, method: str) -> None:
    world.tenant.tenant_settings.script.fail(f"surroundings.{method}", TenantUnavailable("No answer."))
    assert await said(world, "contso.com") == UNKNOWN.format("contso.com") + SPELLING


async def test_a_command_offers_the_near_name_and_takes_none(world: World) -> None:
    """Showing and revoking: what was typed leads nowhere, and nothing is guessed."""
    await world.opened()
    with pytest.raises(Refused) as caught:
        await named_partner("contso.com", store=world.store, tenant=world.tenant)
    assert caught.value.code is RefusalCode.UNKNOWN_TENANT
    assert refusal_words(caught.value).endswith("Did you mean contoso.com?")


def test_no_more_than_three_names_are_offered_the_nearest_first() -> None:
    known = ["northwindd.com", "nortwind.com", "northwind.net", "nothwinds.com", "contoso.com"]
    assert similar_names("northwind.com", known) == ("northwind.net", "northwindd.com", "nortwind.com")


@pytest.mark.parametrize(
    ("domain", "known", "is_near"),
    [
        ("contso.com", "contoso.com", True),
        ("ab.com", "ac.com", False),
        ("abc.com", "abd.com", False),
        ("abcd.com", "abce.com", True),
        ("abcdef.com", "abcdxy.com", False),
        ("fabrikan-eu.com", "fabrikam-eu.com", True),
        ("fabirkan.com", "fabrikam.com", True),
        ("contoso.com", "contoso.com", False),
        ("contoso.com", "contoso.onmicrosoft.com", True),
        ("contoso.onmicrosoft.com", "fabrikam.onmicrosoft.com", False),
        ("mail.contso.onmicrosoft.com", "contoso.onmicrosoft.com", True),
    ],
)
def test_how_near_a_name_has_to_be(domain: str, known: str, is_near: bool) -> None:
    assert bool(similar_names(domain, [known])) is is_near


@pytest.mark.parametrize(
    ("left", "right", "count"),
    [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("abc", "acb", 1), ("abcd", "acbd", 1), ("kitten", "sitting", 3)],
)
def test_edits(left: str, right: str, count: int) -> None:
    assert edit_distance(left, right) == edit_distance(right, left) == count
