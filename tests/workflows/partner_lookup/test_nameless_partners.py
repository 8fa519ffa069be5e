"""A tenant ID that has settings here can be met and closed, also where nobody can say whose it is."""

from typing import Any, Final

import pytest

from tests.workflows.core.builders import DANA
from tests.workflows.effects.test_revoking import assert_blocked
from tests.workflows.world import World
from workflows.core.errors.raised import DomainError, Refused
from workflows.core.requests.request import RequestState
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.identifying import identify_partner
from workflows.ports.tenant import TenantRefused, TenantUnavailable

STRAY: Final = TenantId("5717a7e0-2222-4aaa-8bbb-0123456789a2")
OPEN: Final[dict[str, Any]] = {"inboundTrust": {"isMfaAccepted": True}, "b2bCollaborationInbound": None}
NO_ANSWER: Final = TenantUnavailable("Microsoft Entra does not answer.")
FORBIDDEN: Final = TenantRefused(403, "Forbidden", "The app lacks a permission.")


async def test_a_partner_whose_tenant_id_nobody_knows_is_shown_and_revoked(world: World) -> None:
    world.tenant.edit(STRAY, **OPEN)
    identity, known = await identify_partner(STRAY, store=world.store, tenant=world.tenant)
    assert known is None
    assert (identity.tenant_id, identity.display_name, identity.default_domain) == (STRAY, STRAY, "")
    assert not identity.is_resolved, "its cloud is nobody's guess"
    await world.revoke(DANA, target=STRAY)
    assert await world.refusals() == []
    await assert_blocked(world, STRAY)


@pytest.mark.parametrize("error", [NO_ANSWER, FORBIDDEN], ids=["unavailable", "refused"])
async def test_a_partner_is_revoked_while_tenants_cannot_be_looked_up(world: World, error: DomainError) -> None:
    """And is not recorded as one of another cloud, to which no default would apply: nobody said so."""
    world.tenant.edit(STRAY, **OPEN)
    world.script.fail("tenant.find", error, times=99)
    await world.revoke(DANA, target=STRAY)
    await assert_blocked(world, STRAY)
    stored = await world.store.partnership(STRAY)
    assert stored is not None
    assert stored.identity.is_resolved


async def test_a_tenant_id_without_settings_stays_unknown(world: World) -> None:
    with pytest.raises(Refused) as refused:
        await identify_partner(STRAY, store=world.store, tenant=world.tenant)
    assert refused.value.code == "unknown_tenant"
    world.script.fail("tenant.find", NO_ANSWER)
    with pytest.raises(TenantUnavailable):
        await identify_partner(STRAY, store=world.store, tenant=world.tenant)


async def test_a_domain_is_no_partner_because_something_has_settings(world: World) -> None:
    world.tenant.edit(STRAY, **OPEN)
    with pytest.raises(Refused):
        await identify_partner("stray.example", store=world.store, tenant=world.tenant)
    await world.revoke(DANA, target=STRAY)
    assert (await world.store.requests_of(DANA.chat_id, 1))[0].state is RequestState.APPLIED
