"""Find out whom Conditional Access locks out now, for the partners whose review is open or due soon.

All of them share one read of the list, of the policies and of Entra's evaluations.
"""

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Final

import structlog

from workflows.app.evidence.reviews.scan import CheckLockouts
from workflows.core.checks.conditional_access.findings import locked_out_values
from workflows.core.checks.conditional_access.verdicts import AccessReport
from workflows.core.partners.reviewing.evidence.usage import Lockout
from workflows.core.posture.model import PartnerPosture
from workflows.core.posture.partner_posture import PostureInputs, evaluate_partner
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable
from workflows.preflight.current_access import with_access

_EVALUATED_AT_ONCE: Final = 5
"""How many partners are evaluated before other tasks of the event loop run: about four milliseconds."""

_log = structlog.get_logger()


def lockouts_of(*, tenant: Tenant, store: Store, clock: Clock) -> CheckLockouts:
    """Return what checks lockouts for a scan."""
    return partial(check_lockouts, tenant=tenant, store=store, clock=clock)


async def check_lockouts(
    tenant_ids: Collection[TenantId], *, tenant: Tenant, store: Store, clock: Clock
) -> dict[TenantId, Lockout]:
    """Return whom Conditional Access locks out, by partner. Partners that could not be checked are left out."""
    if not tenant_ids:
        return {}
    try:
        partners = await _evaluated(frozenset(tenant_ids), tenant=tenant, store=store, clock=clock)
    except (TenantUnavailable, TenantRefused) as error:
        _log.warning("lockouts_not_checked", reason=str(error))
        return {}
    checked = await with_access(partners, tenant.tenant_settings)
    return {one.tenant_id: _lockout(one.access, clock) for one in checked if one.access is not None}


async def _evaluated(
    tenant_ids: frozenset[TenantId], *, tenant: Tenant, store: Store, clock: Clock
) -> list[PartnerPosture]:
    records = await store.records()
    inputs = PostureInputs.of(await tenant.read_default(), records, records, clock.now())
    partners: list[PartnerPosture] = []
    async for page in tenant.partner_pages():
        for row in page:
            tenant_id = TenantId(str(row["tenantId"]).lower())
            if tenant_id in tenant_ids:
                partners.append(evaluate_partner(tenant_id, row, None, inputs))
                if len(partners) % _EVALUATED_AT_ONCE == 0:
                    await asyncio.sleep(0)
    return partners


def _lockout(report: AccessReport, clock: Clock) -> Lockout:
    return Lockout(
        checked_at=clock.now(),
        locked_out=locked_out_values(report),
        unread=None if report.unreadable is None else report.unreadable.reason,
        is_estimate=report.is_estimate,
    )
