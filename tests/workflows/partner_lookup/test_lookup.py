"""Looking up a partner: which tenants can be partners, and their current settings."""

from dataclasses import replace

import pytest

from tests.bot.words.refused import worded_refusal
from tests.workflows.core.builders import TENANT
from tests.workflows.fakes import HOME, FakeTenant, FixedClock
from tests.workflows.world import CONTOSO
from workflows.core.errors.raised import InvalidField
from workflows.core.requests.request import ObservedPartner
from workflows.partner_lookup.lookup import look_up
from workflows.partner_lookup.target import CONSUMER_TENANTS
from workflows.ports.tenant import TenantRefused, TenantUnavailable


@pytest.fixture
def tenant() -> FakeTenant:
    """A tenant where Contoso resolves."""
    tenant = FakeTenant()
    tenant.add_tenant(CONTOSO, "contoso.example")
    return tenant


@pytest.mark.parametrize("target", ["contoso.com", "contoso.example", TENANT])
async def test_a_partner_is_named_with_what_was_asked_and_the_current_settings(tenant: FakeTenant, target: str) -> None:
    tenant.partners[TENANT] = {"tenantId": TENANT, "inboundTrust": None}
    clock = FixedClock()
    assert await look_up(target, tenant=tenant, clock=clock) == ObservedPartner(
        identity=replace(CONTOSO, typed_name=target),
        configuration=tenant.partners[TENANT],
        at=clock.now(),
        default={"isServiceDefault": True},
    )


async def test_a_tenant_without_a_configuration_of_its_own_has_none(tenant: FakeTenant) -> None:
    assert (await look_up("contoso.com", tenant=tenant, clock=FixedClock())).configuration is None


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nowhere.example", "has the domain “nowhere.example”. Check the spelling with the partner"),
        ("0ddba11d-0000-4000-8000-000000000001", "has the tenant ID “0ddba11d-0000-4000-8000-000000000001”"),
        ("woodgrove.com", "“woodgrove.com” is our own tenant"),
        (HOME, f"“{HOME}” is our own tenant"),
        ("live.example", "“live.example” belongs to private Microsoft accounts"),
    ],
)
@pytest.mark.threats("D4")
async def test_what_can_never_be_a_partner_is_refused_at_the_field(tenant: FakeTenant, target: str, words: str) -> None:
    tenant.add_tenant(replace(CONTOSO, tenant_id=HOME, default_domain="woodgrove.com"))
    tenant.add_tenant(replace(CONTOSO, tenant_id=min(CONSUMER_TENANTS), default_domain="live.example"))
    with worded_refusal(InvalidField, match=words) as caught:
        await look_up(target, tenant=tenant, clock=FixedClock())
    assert caught.value.field == "target"
    assert "tenant.read_partner" not in tenant.script.calls


@pytest.mark.parametrize("method", ["tenant.find", "tenant.home", "tenant.read_partner"])
@pytest.mark.parametrize("error", [TenantUnavailable("No answer."), TenantRefused(403, "no", "Refused.")])
async def test_what_entra_does_not_tell_is_never_treated_as_absent(
    tenant: FakeTenant, method: str, error: Exception
) -> None:
    tenant.script.fail(method, error, times=2)  # a refused look-up is told apart by another one
    with pytest.raises(type(error)):
        await look_up("contoso.com", tenant=tenant, clock=FixedClock())


@pytest.mark.parametrize("error", [TenantUnavailable("No answer."), TenantRefused(403, "no", "Refused.")])
async def test_a_default_that_cannot_be_read_is_said_to_be_unknown_and_delays_nothing(
    tenant: FakeTenant, error: Exception
) -> None:
    tenant.script.fail("tenant.read_default", error)
    assert (await look_up("contoso.com", tenant=tenant, clock=FixedClock())).default is None


async def test_a_default_that_takes_too_long_is_not_waited_for(
    tenant: FakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.partner_lookup.lookup.DEFAULT_SECONDS", 0.0)
    assert (await look_up("contoso.com", tenant=tenant, clock=FixedClock())).default is None


@pytest.mark.threats("D5")
async def test_an_unknown_id_is_accepted_on_trust_only_where_other_clouds_are_enabled(tenant: FakeTenant) -> None:
    """Entra's look-up covers its own cloud only, so it cannot say whether an id of another cloud exists."""
    unknown_id = "0ddba11d-0000-4000-8000-000000000001"
    with worded_refusal(InvalidField, match="no other cloud is enabled"):
        await look_up(unknown_id, tenant=tenant, clock=FixedClock())
    tenant.tenant_settings.access_policy = {"allowedCloudEndpoints": ["microsoftonline.us"]}
    identity = (await look_up(unknown_id, tenant=tenant, clock=FixedClock())).identity
    assert (identity.tenant_id, identity.default_domain, identity.is_resolved) == (unknown_id, "", False)
    with worded_refusal(InvalidField, match="in another Microsoft cloud is found by its tenant ID only"):
        await look_up("nowhere.example", tenant=tenant, clock=FixedClock())


async def test_whether_other_clouds_are_enabled_is_not_guessed(tenant: FakeTenant) -> None:
    tenant.tenant_settings.script.fail("surroundings.read_access_policy", TenantUnavailable("No answer."))
    with pytest.raises(TenantUnavailable):
        await look_up("0ddba11d-0000-4000-8000-000000000001", tenant=tenant, clock=FixedClock())
