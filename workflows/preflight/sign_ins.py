"""Count who used a partnership recently, in both directions: the partner's people here, and our people there."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.core.checks.facts import SignIns, Unread
from workflows.core.checks.findings import Finding, FindingCode, Severity
from workflows.core.checks.home_tenant import RETENTION, sign_in_values
from workflows.core.checks.unchecked import SIGN_IN_DAYS, unread
from workflows.core.settings.model import TenantId
from workflows.ports.clock import Clock
from workflows.ports.facts import read_fact
from workflows.ports.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnershipUse:
    """Successful sign-ins in both directions, each with its own result."""

    inbound: SignIns | Unread
    """Sign-ins of the partner's people here."""
    outbound: SignIns | Unread
    """Sign-ins of our people at the partner."""


async def read_partnership_use(
    tenant_id: TenantId, *, tenant: Tenant, clock: Clock, timeout_seconds: float
) -> PartnershipUse:
    """Count both directions in parallel, for `timeout_seconds` seconds at most. Never raises for a failed read."""
    since = clock.now() - timedelta(days=SIGN_IN_DAYS)
    inbound, outbound = await asyncio.gather(
        read_fact(tenant.tenant_settings.read_sign_ins(tenant_id, since), timeout_seconds),
        read_fact(read_outbound_sign_ins(tenant_id, since, tenant=tenant), timeout_seconds),
    )
    return PartnershipUse(inbound=inbound, outbound=outbound)


def losing_access(use: PartnershipUse) -> tuple[Finding, ...]:
    """Return who used the partnership recently and loses access when all of it is closed, for each direction."""
    return (
        *_losing("sign_ins", use.inbound, FindingCode.SIGN_INS_END),
        *_losing("outbound_sign_ins", use.outbound, FindingCode.OUTBOUND_SIGN_INS_END),
    )


def _losing(name: str, found: SignIns | Unread, code: FindingCode) -> Iterator[Finding]:
    yield from unread(name, found)
    if isinstance(found, SignIns):
        severity = Severity.WARNING if found.people else Severity.NOTE
        yield Finding(code=code, severity=severity, source=RETENTION, values=sign_in_values(found))


async def read_outbound_sign_ins(tenant_id: TenantId, since: datetime, *, tenant: Tenant) -> SignIns:
    """Count the sign-ins of our own people at a partner.

    :raises TenantUnavailable, TenantRefused: when they cannot be read.
    """
    return await tenant.tenant_settings.read_sign_ins(tenant_id, since, home=await tenant.home())
