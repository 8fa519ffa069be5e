"""Find the partners in the tenant that a sheet does not name."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from workflows.app.batches.importing.judging import AT_ONCE, SheetJudging, TenantAtOnce
from workflows.core.errors.raised import InvalidField
from workflows.core.partners.partnership import PartnershipState
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId
from workflows.partner_lookup.resolving import resolve
from workflows.ports.tenant import TenantRefused, TenantUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class UnnamedPartner:
    """A partner with settings of its own that no row of the sheet names."""

    identity: TenantIdentity
    state: PartnershipState | None
    """What Gatehouse's record says of it; None without a record."""


async def unnamed_partners(
    judging: SheetJudging, at_once: TenantAtOnce, named: Collection[TenantId]
) -> Sequence[UnnamedPartner]:
    """List the partners in the tenant without a row, by their names.

    A partner whose name cannot be looked up now has only its tenant id.

    :param named: the tenants of all rows that have one.
    """
    missing = sorted(at_once.configurations.keys() - set(named))
    found: list[UnnamedPartner] = []
    for start in range(0, len(missing), AT_ONCE):
        some = missing[start : start + AT_ONCE]
        found += await asyncio.gather(*(_unnamed(tenant_id, judging) for tenant_id in some))
    return sorted(found, key=lambda one: (one.identity.name, one.identity.tenant_id))


async def _unnamed(tenant_id: TenantId, judging: SheetJudging) -> UnnamedPartner:
    record = judging.records.partnerships.get(tenant_id)
    if record is not None:
        return UnnamedPartner(identity=record.identity, state=record.state)
    try:
        identity = await resolve((tenant_id,), tenant=judging.tenant)
    except (InvalidField, TenantUnavailable, TenantRefused):
        identity = None
    return UnnamedPartner(identity=identity or TenantIdentity.without_names(tenant_id), state=None)
