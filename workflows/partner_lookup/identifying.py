"""Find the partner that a command names, from Entra's answer for the name and from our own records."""

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId
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
        if unnamed := await _with_settings_here(target, tenant, is_resolved=True):
            return unnamed, None
        raise
    possible = {p.identity.tenant_id for p in live} | ({found.tenant_id} if found else set())
    if len(possible) > 1:
        raise Refused(RefusalCode.AMBIGUOUS_NAME, target=target, tenant_ids=sorted(possible))
    if found is not None and found.tenant_id == await tenant.home():
        raise Refused(RefusalCode.OWN_TENANT, target=target)
    if found is not None:
        return found, await store.partnership(found.tenant_id)
    if named:
        return (live or named)[0].identity, (live or named)[0]
    return await _unknown_to_entra(target, store, tenant), None


async def _unknown_to_entra(target: str, store: Store, tenant: Tenant) -> TenantIdentity:
    """Find a partner that Entra does not know and that has no record, by its settings here or by a request about it.

    :raises Refused: when there is neither.
    """
    if unnamed := await _with_settings_here(target, tenant, is_resolved=False):
        return unnamed
    if requested := await _requested(target, store):
        return requested
    if is_tenant_id(target):
        clouds = await _has_other_clouds(tenant)
        raise Refused(RefusalCode.UNKNOWN_TENANT, target=target, is_id=True, has_other_clouds=clouds)
    raise Refused(RefusalCode.UNKNOWN_TENANT, target=target, is_id=False)


async def _requested(target: str, store: Store) -> TenantIdentity | None:
    """Find a tenant by the open requests about it, so that it can be shown and closed before it is opened."""
    for request in await store.open_requests():
        seen = request.observation if request.prepared is None else request.prepared.observation
        if seen is not None and seen.identity.tenant_id == target:
            return seen.identity
    return None


async def _has_other_clouds(tenant: Tenant) -> bool | None:
    """Return whether other clouds are enabled here; None when that could not be read."""
    try:
        return bool((await tenant.tenant_settings.read_access_policy()).get("allowedCloudEndpoints"))
    except (TenantUnavailable, TenantRefused):
        return None


async def _with_settings_here(target: str, tenant: Tenant, *, is_resolved: bool) -> TenantIdentity | None:
    """Return a tenant ID as a partner because it has settings in our tenant; None when it has none.

    :raises TenantUnavailable, TenantRefused: when the partner cannot be read.
    """
    if not is_tenant_id(target) or await tenant.read_partner(TenantId(target)) is None:
        return None
    return TenantIdentity.without_names(TenantId(target), is_resolved=is_resolved)
