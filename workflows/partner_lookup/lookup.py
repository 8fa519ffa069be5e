"""Find the tenant of a name in Entra, and read its settings. A tenant that can never be a partner is refused."""

import asyncio
from typing import Final

from workflows.core.errors.facts import Fact
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import ObservedPartner
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.model import TenantId, is_tenant_id
from workflows.partner_lookup.not_found import not_found_error, tenant_ids_of
from workflows.partner_lookup.resolving import LookupRefused, resolve
from workflows.partner_lookup.target import CONSUMER_TENANTS, FIELD, target_candidates
from workflows.ports.clock import Clock
from workflows.ports.records import RecordsReader
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

DEFAULT_SECONDS: Final = 1.2
"""Seconds to wait for the default configuration, which is needed to show inherited values."""


async def look_up(
    target: str, *, tenant: Tenant, clock: Clock, records: RecordsReader | None = None
) -> ObservedPartner:
    """Find the tenant of a name, and read the partner's configuration and the tenant's default in parallel.

    :param target: a name as it was typed or normalized. Its candidates are looked up in order.
    :param records: the recorded partners, used to suggest similar names.
    :raises InvalidField: when there is no such tenant, or Entra refuses to look it up. Also when it is our own tenant,
        or no organization.
    :raises TenantUnavailable, TenantRefused: when Entra does not give the answer.
    """
    identity = await identify(target, tenant=tenant, records=records)
    configuration, default = await read_both(identity.tenant_id, tenant=tenant)
    return ObservedPartner(identity=identity, configuration=configuration, default=default, at=clock.now())


async def identify(target: str, *, tenant: Tenant, records: RecordsReader | None = None) -> TenantIdentity:
    """Find the tenant of a name; see `look_up`.

    :raises InvalidField: as `look_up` does.
    :raises TenantUnavailable, TenantRefused: when Entra does not give the answer.
    """
    names = target_candidates(target)
    try:
        identity = await resolve(names, tenant=tenant)
    except LookupRefused as refused:
        earlier_tenant_ids = await tenant_ids_of(names[-1], records)
        raise LookupRefused(
            refused.field, refused.code, **{**refused.fact.values, "earlier_tenant_ids": list(earlier_tenant_ids)}
        ) from refused
    if identity is None:
        identity = await _identity_in_other_cloud(names[-1], tenant, records)
    if (never := await never_a_partner(identity.tenant_id, tenant=tenant, target=target)) is not None:
        raise InvalidField(FIELD, RefusalCode(never.code), **never.values)
    return identity


async def never_a_partner(tenant_id: TenantId, *, tenant: Tenant, target: str = "") -> Fact | None:
    """Return why a tenant can never be a partner: our own one, or one of no organization; None for any other.

    It is asked when a request is made, and again before its plan is written.

    :param target: the name that was typed; empty: the tenant id.
    :raises TenantUnavailable, TenantRefused: when it cannot be read which tenant is our own.
    """
    if tenant_id in CONSUMER_TENANTS:
        return Fact(RefusalCode.TARGET_PRIVATE_ACCOUNTS, {"target": target or tenant_id})
    if tenant_id == await tenant.home():
        return Fact(RefusalCode.TARGET_IS_OUR_TENANT, {"target": target or tenant_id})
    return None


async def read_both(tenant_id: TenantId, *, tenant: Tenant) -> tuple[JsonObject | None, JsonObject | None]:
    """Read a partner's own configuration and the tenant's default together.

    :returns: the partner's own configuration (None: it has none), and the default (None: not read in time).
    :raises TenantUnavailable, TenantRefused: when the partner cannot be read.
    """
    async with tenant.together() as reads:
        default = reads.start(read_default(tenant=tenant))
        return await reads.start(tenant.read_partner(tenant_id)), await default


async def read_both_alone(tenant_id: TenantId, *, tenant: Tenant) -> tuple[JsonObject | None, JsonObject | None]:
    """Read the same in two requests at the same time, for a revocation: closing never waits for the default.

    :returns: the partner's own configuration (None: it has none), and the default (None: not read in time).
    :raises TenantUnavailable, TenantRefused: when the partner cannot be read.
    """
    default = asyncio.create_task(read_default(tenant=tenant))
    try:
        return await tenant.read_partner(tenant_id, is_to_close=True), await default
    finally:
        default.cancel()


async def read_default(*, tenant: Tenant) -> JsonObject | None:
    """Read the tenant's default configuration; None when it could not be read in time."""
    try:
        async with asyncio.timeout(DEFAULT_SECONDS):
            return await tenant.read_default()
    except (TenantUnavailable, TenantRefused, TimeoutError):
        return None


async def _identity_in_other_cloud(target: str, tenant: Tenant, records: RecordsReader | None) -> TenantIdentity:
    """Return the identity of an unknown tenant id, when it may be in another cloud: lookups cover only this cloud.

    :raises InvalidField: for a domain, and when no other cloud is enabled.
    """
    if not is_tenant_id(target):
        raise await not_found_error(target, tenant=tenant, records=records)
    policy = await tenant.tenant_settings.read_access_policy()
    if not policy.get("allowedCloudEndpoints"):
        raise InvalidField(FIELD, RefusalCode.TARGET_UNKNOWN_ID, tenant_id=target)
    return TenantIdentity.without_names(TenantId(target))
