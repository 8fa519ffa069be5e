"""Ask Entra for the tenant of a name. A refusal of this name is distinguished from a missing permission.

Entra refuses to look up some names (403), whatever permissions the bot has. A second lookup shows the difference: our
own tenant can always be looked up when the permission is there.
"""

from collections.abc import Sequence
from typing import Final

from workflows.core.errors.raised import InvalidField
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import AccessRequest
from workflows.core.settings.model import is_tenant_id
from workflows.partner_lookup.target import FIELD
from workflows.ports.tenant import Tenant, TenantRefused

_FORBIDDEN: Final = 403


class LookupRefused(InvalidField):
    """Entra refuses to look up this name, although no permission is missing. A later lookup would be refused too."""


async def resolve(names: Sequence[str], *, tenant: Tenant, fresh: bool = False) -> TenantIdentity | None:
    """Return the tenant of the first of these names that has a tenant; None when none has.

    :param fresh: ask Entra now, without the cache.
    :raises LookupRefused: when Entra refuses only this name.
    :raises TenantRefused: when Entra refuses every lookup, which an admin can repair.
    :raises TenantUnavailable: when Entra does not answer, or when the two cases cannot be distinguished now.
    """
    for name in names:
        try:
            identity = await tenant.find(name, fresh=fresh)
        except TenantRefused as error:
            identity = await _ask_once_more(error, name, tenant=tenant)
        if identity is not None:
            return identity
    return None


async def _ask_once_more(error: TenantRefused, name: str, *, tenant: Tenant) -> TenantIdentity | None:
    """Ask again for a name that Entra refused, because a refusal may be temporary.

    :raises LookupRefused, TenantRefused, TenantUnavailable: as `resolve` does.
    """
    refusal = await name_refusal(error, name, tenant=tenant)
    if not isinstance(refusal, LookupRefused):
        raise error
    try:
        return await tenant.find(name, fresh=True)
    except TenantRefused as again:
        raise refusal from again


async def resolve_again(request: AccessRequest, *, tenant: Tenant) -> TenantIdentity | None:
    """Ask before the first write which tenant the approved name belongs to now.

    :raises LookupRefused, TenantRefused, TenantUnavailable: as `resolve` does.
    """
    typed_name = request.require_prepared().observation.identity.typed_name or request.fields.target
    return await resolve((typed_name,), tenant=tenant, fresh=True)


def is_same_tenant(request: AccessRequest, identity: TenantIdentity | None) -> bool:
    """Return whether the approved name still belongs to the approved tenant.

    :param identity: the tenant that it belongs to now; None for no tenant. None is right for a tenant
        id of another cloud.
    """
    prepared = request.require_prepared()
    return (
        not prepared.observation.identity.is_resolved
        if identity is None
        else identity.tenant_id == prepared.plan.tenant_id
    )


async def name_refusal(error: TenantRefused, name: str, *, tenant: Tenant) -> TenantRefused | LookupRefused:
    """Return LookupRefused when Entra refuses only this name, and otherwise the given error.

    :raises TenantUnavailable: when Entra does not answer the second lookup, which shows the difference.
    """
    if error.status == _FORBIDDEN and await _others_are_answered(tenant):
        return LookupRefused(
            FIELD,
            RefusalCode.LOOKUP_REFUSED,
            name=name,
            is_id=is_tenant_id(name),
            answer=f"{error.status} {error.code}".rstrip(),
            earlier_tenant_ids=[],
        )
    return error


async def _others_are_answered(tenant: Tenant) -> bool:
    """Return whether Entra answers a lookup of our own tenant. It is not read from the cache."""
    try:
        await tenant.find(await tenant.home(), fresh=True)
    except TenantRefused:
        return False
    return True
