"""Gather the evidence for the review of one partner, from the records. Only names of people are read in the tenant.

A boundary: what cards, details and checks ask about the use of an access.
"""

from collections.abc import Mapping
from datetime import datetime

from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.evidence.partner_evidence import PartnerEvidence, evidence_of, settings_check
from workflows.core.people import PersonId
from workflows.core.posture.watch.acceptance import is_accepted
from workflows.core.posture.watch.drift import LAST_COMPLETE, DriftSubject
from workflows.ports.store import Store
from workflows.ports.tenant import Tenant, TenantRefused, TenantUnavailable


async def gather_evidence(partnership: Partnership, *, store: Store, now: datetime) -> PartnerEvidence:
    """Return the evidence for a review, as the last scan and the last sweep found it."""
    tenant_id = partnership.identity.tenant_id
    drift = await store.drift(DriftSubject(tenant_id))
    is_drifted = drift is not None and drift.is_open
    swept_at = await store.mark(LAST_COMPLETE)
    settings = settings_check(
        partnership,
        drift_found_at=drift.found_at if drift is not None and is_drifted else None,
        is_accepted=drift is not None and is_accepted(drift, now),
        swept_at=datetime.fromisoformat(swept_at) if swept_at else None,
    )
    return evidence_of(
        partnership,
        request=await store.request(partnership.request_id),
        scan=await store.usage_scan(),
        usage=await store.partner_usage(tenant_id),
        settings=settings,
    )


async def names_of_people(evidence: PartnerEvidence, tenant: Tenant) -> Mapping[PersonId, str]:
    """Read the names of the people whom the evidence lists. Only for admins.

    People without an account here, and all when Entra does not answer, are left out: they are then shown by id.
    """
    ids = evidence.people_to_name
    try:
        accounts = await tenant.accounts_by_id(ids) if ids else ()
    except (TenantUnavailable, TenantRefused):
        return {}
    return {account.id: account.name for account in accounts}
