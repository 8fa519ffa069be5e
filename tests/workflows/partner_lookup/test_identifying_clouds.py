"""A tenant ID that our own cloud does not have: the answer depends on whether other clouds are enabled."""

from typing import Final

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.world import World
from workflows.core.errors.raised import Refused
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.identifying import identify_partner
from workflows.ports.tenant import TenantRefused

ELSEWHERE: Final = TenantId("0ddba11d-2222-4aaa-8bbb-0123456789a1")


async def refusal(world: World) -> str:
    with pytest.raises(Refused) as refused:
        await identify_partner(ELSEWHERE, store=world.store, tenant=world.tenant)
    assert refused.value.code == "unknown_tenant"
    return refusal_words(refused.value)


async def test_with_other_clouds_enabled_it_may_be_in_one_of_them_and_is_blocked(world: World) -> None:
    world.tenant.tenant_settings.access_policy = {"allowedCloudEndpoints": ["microsoftonline.us"]}
    said = await refusal(world)
    assert "it may be a tenant of another cloud" in said
    assert "blocked until it is added here, so there is nothing to show or revoke" in said


async def test_with_none_enabled_it_is_nobodys(world: World) -> None:
    world.tenant.tenant_settings.access_policy = {"allowedCloudEndpoints": []}
    said = await refusal(world)
    assert f"No tenant of this Microsoft cloud has the tenant ID “{ELSEWHERE}”" in said
    assert "no other cloud is enabled here" in said


async def test_what_could_not_be_read_of_the_clouds_is_said(world: World) -> None:
    world.script.fail("surroundings.read_access_policy", TenantRefused(403, "", "Insufficient privileges."), times=9)
    assert "could not be read" in await refusal(world)
