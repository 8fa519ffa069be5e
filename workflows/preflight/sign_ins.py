"""Count the recent sign-ins of a partner's people in our tenant, and of our people in the partner's tenant."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.checks.home_tenant import RETENTION, sign_in_values
from workflows.core.checks.tenant_facts import SignIns, UnreadableFact
from workflows.core.checks.unreadable_facts import SIGN_IN_DAYS, unreadable_finding
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.tenant import Tenant, read_fact


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnershipUse:
    """Recent successful sign-ins in both directions; each direction may be unreadable_finding."""

    inbound: SignIns | UnreadableFact
    """Sign-ins of the partner's people in our tenant."""
    outbound: SignIns | UnreadableFact
    """Sign-ins of our people in the partner's tenant."""


async def read_partnership_use(
    tenant_id: TenantId, *, tenant: Tenant, clock: Clock, timeout_seconds: float
) -> PartnershipUse:
    """Count both directions in parallel, within `timeout_seconds`. A failed read raises no error."""
    since = clock.now() - timedelta(days=SIGN_IN_DAYS)
    inbound, outbound = await asyncio.gather(
        read_fact(tenant.tenant_settings.read_sign_ins(tenant_id, since), timeout_seconds),
        read_fact(read_outbound_sign_ins(tenant_id, since, tenant=tenant), timeout_seconds),
    )
    return PartnershipUse(inbound=inbound, outbound=outbound)


def lost_access_findings(use: PartnershipUse) -> tuple[Finding, ...]:
    """Return the findings, one for each direction, about people who lose access that they used recently."""
    return (
        *_losing("sign_ins", use.inbound, FindingCode.SIGN_INS_END),
        *_losing("outbound_sign_ins", use.outbound, FindingCode.OUTBOUND_SIGN_INS_END),
    )


def _losing(name: str, sign_ins: SignIns | UnreadableFact, code: FindingCode) -> Iterator[Finding]:
    yield from unreadable_finding(name, sign_ins)
    if isinstance(sign_ins, SignIns):
        severity = Severity.WARNING if sign_ins.people else Severity.NOTE
        yield Finding(code=code, severity=severity, source=RETENTION, values=sign_in_values(sign_ins))


async def read_outbound_sign_ins(tenant_id: TenantId, since: datetime, *, tenant: Tenant) -> SignIns:
    """Count the sign-ins of our own people in a partner's tenant, since a time.

    :raises TenantUnavailable, TenantRefused: when they cannot be read.
    """
    return await tenant.tenant_settings.read_sign_ins(tenant_id, since, home=await tenant.home())
