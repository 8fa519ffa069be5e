"""Read the data for a partner setup: our own tenant's names, and the partner's current settings."""

from dataclasses import dataclass

from workflows.core.checks.partner_setup.checklist import OurTenant
from workflows.core.checks.partner_setup.clouds import Cloud
from workflows.core.checks.partner_setup.steps import PartnerSetup, setup_of
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.plan import TenantIdentity
from workflows.partner_lookup.lookup import read_both
from workflows.partner_lookup.named_partner import named_partner
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentSetup:
    """The partner setup that follows from the current settings in our tenant."""

    identity: TenantIdentity
    setup: PartnerSetup
    home: OurTenant
    partnership: Partnership | None

    @property
    def is_cross_cloud(self) -> bool:
        """Return whether the partner is in another Microsoft cloud: this cloud's lookup does not know it."""
        return not self.identity.is_resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSetupReader:
    """Creates checklists. Reads only."""

    store: Store
    tenant: Tenant
    cloud: Cloud

    async def read_current(self, typed_text: str) -> CurrentSetup:
        """Read the named partner, and what it must do now. This includes partners that Gatehouse did not open.

        :raises InvalidField, Refused: when it names no partner, or more than one.
        :raises TenantUnavailable, TenantRefused: when Entra does not give the answer.
        """
        identity, partnership = await named_partner(typed_text, store=self.store, tenant=self.tenant)
        configuration, default = await read_both(identity.tenant_id, tenant=self.tenant)
        setup = setup_of(configuration, default, is_cross_cloud=not identity.is_resolved)
        return CurrentSetup(identity=identity, setup=setup, home=await self.home(), partnership=partnership)

    async def home(self) -> OurTenant:
        """Return our own tenant with its names.

        :raises TenantUnavailable, TenantRefused: when Entra does not give the answer.
        """
        tenant_id = await self.tenant.home()
        identity = await self.tenant.find(tenant_id)
        domain = "" if identity is None else identity.default_domain
        return OurTenant(tenant_id=tenant_id, domain=domain, cloud=self.cloud)
