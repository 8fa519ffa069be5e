"""Find the partner that a typed or pasted text names, to show or to block it. Similar names never count."""

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership
from workflows.core.plans.plan import TenantIdentity
from workflows.partner_lookup.identifying import identify_partner
from workflows.partner_lookup.not_found import suggestion
from workflows.partner_lookup.resolving import name_refusal
from workflows.partner_lookup.target import target_candidates
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused


async def named_partner(typed_text: str, *, store: Store, tenant: Tenant) -> tuple[TenantIdentity, Partnership | None]:
    """Find the partner of a typed text: the first of its candidate names that belongs to a partner.

    :returns: the partner's identity, and its record if there is one.
    :raises InvalidField: when the text is not one name, or Entra refuses to look up this name.
    :raises Refused: when the name belongs to no tenant, or to more than one.
    :raises TenantUnavailable, TenantRefused: when Entra does not answer, and our records are not enough.
    """
    *earlier, last = target_candidates(typed_text)
    for name in earlier:
        try:
            return await _partner(name, store=store, tenant=tenant)
        except Refused as refused:
            if refused.code is not RefusalCode.UNKNOWN_TENANT:
                raise
    try:
        return await _partner(last, store=store, tenant=tenant)
    except Refused as refused:
        if refused.code is not RefusalCode.UNKNOWN_TENANT:
            raise
        similar = await suggestion(last, tenant=tenant, records=store)
        raise Refused(refused.code, **{**refused.fact.values, **similar}) from refused


async def _partner(name: str, *, store: Store, tenant: Tenant) -> tuple[TenantIdentity, Partnership | None]:
    try:
        return await identify_partner(name, store=store, tenant=tenant)
    except TenantRefused as error:
        raise await name_refusal(error, name, tenant=tenant) from error
