"""What Entra says about a partner that somebody named: resolved, read, and refused where it can never be a partner."""

from workflows.core.errors import InvalidField
from workflows.core.request import Observation
from workflows.ports import Clock, Tenant
from workflows.target import CONSUMER_TENANTS, FIELD, is_tenant_id


async def look_up(target: str, *, tenant: Tenant, clock: Clock) -> Observation:
    """Resolve a normalized target and read the partner's present configuration.

    :raises InvalidField: for a tenant that does not exist, is the home tenant, or is nobody's organization.
    :raises TenantUnavailable: when Entra does not answer.
    """
    identity = await tenant.find(target)
    if identity is None:
        kind = "tenant ID" if is_tenant_id(target) else "domain"
        raise InvalidField(
            FIELD,
            f"No Microsoft Entra tenant has the {kind} “{target}”. Check it with the partner; they can also give you "
            "their tenant ID.",
        )
    if identity.tenant_id == await tenant.home():
        raise InvalidField(FIELD, f"“{target}” is our own tenant. Type the partner's domain.")
    if identity.tenant_id in CONSUMER_TENANTS:
        raise InvalidField(
            FIELD,
            f"“{target}” belongs to private Microsoft accounts, not to an organization. Ask for a company domain.",
        )
    configuration = await tenant.read_partner(identity.tenant_id)
    return Observation(identity=identity, configuration=configuration, at=clock.now())
