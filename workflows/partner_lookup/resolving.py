"""Asks Entra which tenant a name leads to; tells a refusal of this one name from a permission that is missing.

Entra refuses some names to everybody (403), however many permissions the bot has. What can be looked up otherwise tells
the two apart: a tenant may always look up itself.
"""

from collections.abc import Sequence
from typing import Final

from workflows.core.errors import InvalidField
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import AccessRequest
from workflows.partner_lookup.target import FIELD, is_tenant_id
from workflows.ports.tenant import Tenant, TenantRefused

_FORBIDDEN: Final = 403


class LookupRefused(InvalidField):
    """Entra refuses to look up this name and no permission is missing: waiting or granting one does not help."""


async def resolve(names: Sequence[str], *, tenant: Tenant, fresh: bool = False) -> TenantIdentity | None:
    """Find the tenant that the first of these names leads to which Entra knows; None when it knows none of them.

    :param fresh: ask now, whatever is remembered.
    :raises LookupRefused: when Entra refuses this one name.
    :raises TenantRefused: when it refuses every look-up, which an admin can mend.
    :raises TenantUnavailable: when it does not answer, or cannot tell the two apart now.
    """
    for name in names:
        try:
            identity = await tenant.find(name, fresh=fresh)
        except TenantRefused as error:
            identity = await _asked_once_more(error, name, tenant=tenant)
        if identity is not None:
            return identity
    return None


async def _asked_once_more(error: TenantRefused, name: str, *, tenant: Tenant) -> TenantIdentity | None:
    """Ask again for a name that alone was refused: nothing that was approved ends for the refusal of a moment.

    :raises LookupRefused, TenantRefused, TenantUnavailable: as `resolve` does.
    """
    refused = await told_apart(error, name, tenant=tenant)
    if not isinstance(refused, LookupRefused):
        raise error
    try:
        return await tenant.find(name, fresh=True)
    except TenantRefused as again:
        raise refused from again


async def find_again(request: AccessRequest, *, tenant: Tenant) -> TenantIdentity | None:
    """Ask once more, just before the first write, which tenant the approved name leads to now.

    :raises LookupRefused: when Entra refuses this one name by now, so that this can never be told.
    """
    asked = request.known.observation.identity.asked or request.particulars.target
    return await resolve((asked,), tenant=tenant, fresh=True)


def still_means(request: AccessRequest, found: TenantIdentity | None) -> bool:
    """Return whether the approved name leads to the approved tenant still.

    :param found: what it leads to now. An id of another cloud, which this cloud does not know, was approved as that.
    """
    known = request.known
    return not known.observation.identity.is_resolved if found is None else found.tenant_id == known.plan.tenant_id


async def told_apart(error: TenantRefused, name: str, *, tenant: Tenant) -> TenantRefused | LookupRefused:
    """Judge a refused look-up: of this name alone, or as it came where every look-up is refused.

    :raises TenantUnavailable: when Entra does not answer the look-up that would tell.
    """
    if error.status == _FORBIDDEN and await _others_are_answered(tenant):
        return LookupRefused(FIELD, _words(error, name))
    return error


async def _others_are_answered(tenant: Tenant) -> bool:
    """Look up our own tenant, now: a permission may have been taken away since an answer was remembered."""
    try:
        await tenant.find(await tenant.home(), fresh=True)
    except TenantRefused:
        return False
    return True


def _words(error: TenantRefused, name: str) -> str:
    code = f"{error.status} {error.code}".rstrip()
    if is_tenant_id(name):
        kind, instead = "the tenant ID ", "Ask the partner for one of their domains and use that."
    else:
        kind, instead = "", "Ask the partner for their tenant ID and use that."
    return (
        f"Microsoft Entra refuses to look up {kind}“{name}” ({code}). Other look-ups work, so no permission is missing "
        f"and this cannot be mended here. {instead} If that is refused too, an admin can ask Microsoft's support; the "
        "bot's log has the request ID."
    )
