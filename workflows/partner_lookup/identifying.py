"""Find the partner that a command names, from Entra's answer for the name and from our own records."""

from workflows.core.errors import Refused
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId
from workflows.core.text import Action
from workflows.partner_lookup.target import is_tenant_id
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable


async def identify_partner(target: str, *, store: Store, tenant: Tenant) -> tuple[TenantIdentity, Partnership | None]:
    """Find the partner that a command names, from Entra's current answer for the name and from our own records.

    A domain can disappear or move. Our records then still contain the tenant that was opened under it. When two tenants
    are possible, none is chosen. A tenant ID that has settings here is a partner, whoever it is: showing and closing it
    needs no name.

    :raises Refused: when the name leads to no tenant, or to more than one.
    :raises TenantUnavailable, TenantRefused: when only Entra has the answer.
    """
    records = await store.partnerships()
    named = [p for p in records if target in (p.identity.tenant_id, p.identity.default_domain, p.identity.asked)]
    if is_tenant_id(target) and named:
        return named[0].identity, named[0]
    live = [p for p in named if p.state is not PartnershipState.REVOKED]
    try:
        found = await tenant.find(target)
    except (TenantUnavailable, TenantRefused):
        if len(live or named) == 1:
            return (live or named)[0].identity, (live or named)[0]
        # NB. nobody stated that the tenant is in another cloud, so it must not be recorded like that.
        if nameless := await _nameless(target, tenant, is_resolved=True):
            return nameless, None
        raise
    possible = {p.identity.tenant_id for p in live} | ({found.tenant_id} if found else set())
    if len(possible) > 1:
        raise Refused(
            "ambiguous_name",
            f"“{target}” led to another tenant before. Name the tenant ID you mean: {', '.join(sorted(possible))}.",
        )
    if found is not None and found.tenant_id == await tenant.home():
        raise Refused("own_tenant", f"“{target}” is our own tenant; it is no partner. Name the partner's domain.")
    if found is not None:
        return found, await store.partnership(found.tenant_id)
    if named:
        return (live or named)[0].identity, (live or named)[0]
    if nameless := await _nameless(target, tenant, is_resolved=False):
        return nameless, None
    if asked_for := await _asked_for(target, store):
        return asked_for, None
    if is_tenant_id(target):
        raise Refused("unknown_tenant", await _unknown_id_words(target, tenant))
    raise Refused("unknown_tenant", f"No Microsoft Entra tenant has the domain “{target}”. See {Action.LIST}.")


async def _asked_for(target: str, store: Store) -> TenantIdentity | None:
    """Find a tenant by the open requests about it, so that it can be shown and closed before it is opened."""
    for request in await store.open_requests():
        seen = request.observation if request.prepared is None else request.prepared.observation
        if seen is not None and seen.identity.tenant_id == target:
            return seen.identity
    return None


async def _unknown_id_words(target: str, tenant: Tenant) -> str:
    """State what a tenant ID can be that our own cloud does not know and that has no settings here."""
    nobody = f"No tenant of this Microsoft cloud has the tenant ID “{target}”"
    try:
        clouds = (await tenant.tenant_settings.read_access_policy()).get("allowedCloudEndpoints")
    except (TenantUnavailable, TenantRefused):
        return (
            f"{nobody}. Whether other clouds are enabled here could not be read. It has no settings here. "
            "Check the ID with the partner."
        )
    if not clouds:
        return f"{nobody}, and no other cloud is enabled here. Check it with the partner, or see {Action.LIST}."
    return (
        f"{nobody}. Other clouds are enabled here, so it is a tenant of another cloud, or of nobody. Such a tenant is "
        "blocked until it is added here, so there is nothing to show and nothing to revoke. "
        f"To add it, use {Action.REQUEST}."
    )


async def _nameless(target: str, tenant: Tenant, *, is_resolved: bool) -> TenantIdentity | None:
    """Return a tenant ID as a partner because it has settings in our tenant; None when it has none.

    :raises TenantUnavailable, TenantRefused: when the partner cannot be read.
    """
    if not is_tenant_id(target) or await tenant.read_partner(TenantId(target)) is None:
        return None
    return TenantIdentity.nameless(TenantId(target), is_resolved=is_resolved)
