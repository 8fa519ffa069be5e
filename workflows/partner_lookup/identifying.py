"""Find the partner of a normalized name, from Entra's answer and from our own records."""

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.plans.plan import TenantIdentity
from workflows.core.settings.model import TenantId, is_tenant_id
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable


async def identify_partner(target: str, *, store: Store, tenant: Tenant) -> tuple[TenantIdentity, Partnership | None]:
    """Find the partner of a name, from Entra's current answer and from our own records.

    A domain can be deleted, or moved to another tenant. Our records then still contain the earlier tenant. When two
    tenants are possible, none is chosen. A tenant id that has settings in our tenant is a partner, even if Entra does
    not know the id. Such a partner can be shown and closed.

    :param target: a domain or tenant id, normalized.
    :returns: the partner's identity, and its record if there is one.
    :raises Refused: when the name belongs to no tenant, or to more than one.
    :raises TenantUnavailable, TenantRefused: when Entra does not answer, and our records are not enough.
    """
    partnerships = await store.partnerships_named(target)
    if is_tenant_id(target) and partnerships:
        return partnerships[0].identity, partnerships[0]
    live = [p for p in partnerships if p.state is not PartnershipState.REVOKED]
    try:
        identity = await tenant.find(target)
    except (TenantUnavailable, TenantRefused):
        if len(live or partnerships) == 1:
            return (live or partnerships)[0].identity, (live or partnerships)[0]
        # NB. it is not known that the tenant is in another cloud, so that must not be recorded.
        if unnamed := await _with_settings_here(target, tenant, is_resolved=True):
            return unnamed, None
        raise
    possible = {p.identity.tenant_id for p in live} | ({identity.tenant_id} if identity else set())
    if len(possible) > 1:
        raise Refused(RefusalCode.AMBIGUOUS_NAME, target=target, tenant_ids=sorted(possible))
    if identity is not None and identity.tenant_id == await tenant.home():
        raise Refused(RefusalCode.OWN_TENANT, target=target)
    if identity is not None:
        return identity, await store.partnership(identity.tenant_id)
    if partnerships:
        return (live or partnerships)[0].identity, (live or partnerships)[0]
    return await _find_without_entra(target, store, tenant), None


async def _find_without_entra(target: str, store: Store, tenant: Tenant) -> TenantIdentity:
    """Find a partner that neither Entra nor our records know, by its settings in our tenant or an open request.

    :raises Refused: when there are no such settings and no such request.
    """
    if unnamed := await _with_settings_here(target, tenant, is_resolved=False):
        return unnamed
    if requested := await _find_by_request(target, store):
        return requested
    if is_tenant_id(target):
        clouds = await _other_clouds_enabled(tenant)
        raise Refused(RefusalCode.UNKNOWN_TENANT, target=target, is_id=True, has_other_clouds=clouds)
    raise Refused(RefusalCode.UNKNOWN_TENANT, target=target, is_id=False)


async def _find_by_request(target: str, store: Store) -> TenantIdentity | None:
    """Find a tenant by an open request about it, also when no request for it was applied yet."""
    for request in await store.open_requests():
        observation = request.observation if request.prepared is None else request.prepared.observation
        if observation is not None and observation.identity.tenant_id == target:
            return observation.identity
    return None


async def _other_clouds_enabled(tenant: Tenant) -> bool | None:
    """Return whether our tenant has other clouds enabled; None when that could not be read."""
    try:
        return bool((await tenant.tenant_settings.read_access_policy()).get("allowedCloudEndpoints"))
    except (TenantUnavailable, TenantRefused):
        return None


async def _with_settings_here(target: str, tenant: Tenant, *, is_resolved: bool) -> TenantIdentity | None:
    """Return the identity of a tenant id that has settings in our tenant; None when it has none.

    :raises TenantUnavailable, TenantRefused: when the partner cannot be read.
    """
    if not is_tenant_id(target) or await tenant.read_partner(TenantId(target)) is None:
        return None
    return TenantIdentity.without_names(TenantId(target), is_resolved=is_resolved)
