"""Suggest similar names for a domain that belongs to no tenant."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from workflows.core.errors.facts import Values
from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId, is_tenant_id
from workflows.partner_lookup.lookalikes import registrable_domain, similar_names
from workflows.partner_lookup.target import FIELD
from workflows.ports.records import RecordsReader
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable, read_fact

TIMEOUT_SECONDS: Final = 0.6
"""Seconds to wait for the suggestions."""


class RecordedIdentities(Protocol):
    """The recorded partners. A part of the store."""

    async def identities(self) -> Sequence[TenantIdentity]:
        """List the identity of every partnership."""


async def not_found_error(domain: str, *, tenant: Tenant, records: RecordsReader | None) -> InvalidField:
    """Return the error that no tenant has this domain, with similar names."""
    similar, policy = await asyncio.gather(
        suggestion(domain, tenant=tenant, records=records),
        read_fact(tenant.tenant_settings.read_access_policy(), TIMEOUT_SECONDS),
    )
    has_other_clouds = isinstance(policy, Mapping) and bool(policy.get("allowedCloudEndpoints"))
    code = RefusalCode.TARGET_NOT_FOUND
    return InvalidField(FIELD, code, domain=domain, has_other_clouds=has_other_clouds, **similar)


async def suggestion(name: str, *, tenant: Tenant, records: RecordsReader | None) -> Values:
    """Suggest known names that are similar to a domain: recorded partners, our own domains, or a shorter domain.

    A suggested name is only shown, never used.

    :returns: `meant` with the similar names, or `own` with a similar name of our own tenant, or an empty mapping.
    """
    if is_tenant_id(name):
        return {}
    partners = [] if records is None else await partner_names(records)
    registrable, own_domains = await asyncio.gather(
        _registrable_domain_of_a_tenant(name, tenant),
        read_fact(tenant.tenant_settings.verified_domains(), TIMEOUT_SECONDS),
    )
    if similar := similar_names(name, [*partners, *([registrable] if registrable else [])]):
        return {"meant": list(similar)}
    if isinstance(own_domains, Sequence) and (similar := similar_names(name, own_domains)):
        return {"own": similar[0]}
    return {}


async def partner_names(records: RecordedIdentities) -> Sequence[str]:
    """List every domain of the recorded partners."""
    identities = await records.identities()
    names = (name.lower() for identity in identities for name in (identity.default_domain, identity.typed_name))
    return sorted({name for name in names if "." in name})


async def _registrable_domain_of_a_tenant(name: str, tenant: Tenant) -> str:
    """Return the registrable part of a longer name, if it belongs to a tenant; otherwise empty."""
    domain = registrable_domain(name)
    if domain == name:
        return ""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return "" if await tenant.find(domain) is None else domain
    except (TenantUnavailable, TenantRefused, TimeoutError):
        return ""


async def tenant_ids_of(domain: str, records: RecordsReader | None) -> tuple[TenantId, ...]:
    """List the tenants in our records that have, or had, exactly this domain."""
    identities = [] if records is None else await records.identities()
    return tuple(
        identity.tenant_id
        for identity in identities
        if domain in (identity.default_domain.lower(), identity.typed_name.lower())
    )
