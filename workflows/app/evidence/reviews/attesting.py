"""Whether Keep needs an attestation of a partner's MFA, and how long it counts.

A boundary: the window of an answer and the check of the answer ask for the same.
"""

from datetime import timedelta

from workflows.catalog.catalog import Catalog
from workflows.core.partners.partnership import Partnership
from workflows.core.partners.reviewing.answers.keeping import refuses_mfa
from workflows.core.policy.reviews.terms import USUAL_ATTESTATION
from workflows.ports.store import Store


async def attestation_period(partnership: Partnership, *, catalog: Catalog, store: Store) -> timedelta | None:
    """Return how long an attestation of MFA counts for a partner; None when none is asked.

    The template says it. Settings without a template, as adopted ones, are asked unless the request that set them says
    that the partner's MFA is not accepted.
    """
    if partnership.template:
        return catalog.attest_mfa_for(partnership.template)
    request = await store.request(partnership.request_id)
    if request is None or request.prepared is None:
        return USUAL_ATTESTATION
    return None if refuses_mfa(request.plan) else USUAL_ATTESTATION
