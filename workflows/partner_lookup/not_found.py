"""The text about a domain that belongs to no tenant: which known name is similar, and what to do."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from workflows.core.settings.model import TenantId
from workflows.partner_lookup.lookalikes import near_names, registrable
from workflows.partner_lookup.target import is_tenant_id
from workflows.ports.facts import read_fact
from workflows.ports.records import Register
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable

PATIENCE_SECONDS: Final = 0.6
"""Seconds to wait for the suggestions."""
OTHER_CLOUDS: Final = "A partner in another Microsoft cloud is found by its tenant ID only."


async def not_found_words(domain: str, *, tenant: Tenant, register: Register | None) -> str:
    """State that no tenant has this domain, then which name may have been meant."""
    near, policy = await asyncio.gather(
        suggestion(domain, tenant=tenant, register=register),
        read_fact(tenant.tenant_settings.read_access_policy(), PATIENCE_SECONDS),
    )
    advice = near or "Check the spelling with the partner, or ask them for their tenant ID."
    has_other_clouds = isinstance(policy, Mapping) and bool(policy.get("allowedCloudEndpoints"))
    clouds = f" {OTHER_CLOUDS}" if has_other_clouds else ""
    return f"No Microsoft Entra tenant has the domain “{domain}”. {advice}{clouds}"


async def suggestion(name: str, *, tenant: Tenant, register: Register | None) -> str:
    """Suggest known names similar to a domain: of partners on record, our own, or the company's domain it belongs to.

    Empty when there is none. A name is only suggested, never used.
    """
    if is_tenant_id(name):
        return ""
    partners = await _partner_names(register)
    whole, own = await asyncio.gather(
        _whole(name, tenant), read_fact(tenant.tenant_settings.verified_domains(), PATIENCE_SECONDS)
    )
    if near := near_names(name, [*partners, *([whole] if whole else [])]):
        return f"Did you mean {' or '.join(near)}?"
    if isinstance(own, Sequence) and (near := near_names(name, own)):
        return f"“{near[0]}” is our own tenant, which is no partner. Type the partner's domain."
    return ""


async def _partner_names(register: Register | None) -> Sequence[str]:
    """List every domain of the partners on record."""
    known = [] if register is None else [one.identity for one in await register.partnerships()]
    names = (name.lower() for identity in known for name in (identity.default_domain, identity.asked))
    return sorted({name for name in names if "." in name})


async def _whole(name: str, tenant: Tenant) -> str:
    """Return the company's domain that a longer name belongs to, if Entra knows it; otherwise empty."""
    domain = registrable(name)
    if domain == name:
        return ""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return "" if await tenant.find(domain) is None else domain
    except (TenantUnavailable, TenantRefused, TimeoutError):
        return ""


async def tenant_ids_of(domain: str, register: Register | None) -> tuple[TenantId, ...]:
    """List the tenants that this exact domain led to before, from our own records."""
    known = [] if register is None else [one.identity for one in await register.partnerships()]
    return tuple(one.tenant_id for one in known if domain in (one.default_domain.lower(), one.asked.lower()))
