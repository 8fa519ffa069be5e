"""Read what the card of a review shows besides the partner's record. Only the store is read.

A boundary: cards and windows of a review show the same facts.
"""

from dataclasses import dataclass
from datetime import datetime

from workflows.app.evidence.reviews.gathering import gather_evidence
from workflows.app.watch.known_drift import known_drift
from workflows.core.partners.closing.revoking import running_revocation
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.evidence.partner_evidence import PartnerEvidence
from workflows.core.posture.watch.drift import Drift
from workflows.core.requests.request import AccessRequest
from workflows.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewContext:
    """What is known about the partner of a review."""

    revocation: AccessRequest | None = None
    """The open revocation of the partner; None when none is running."""
    reduction: AccessRequest | None = None
    """The open request that would answer the review by reducing the access; None when there is none."""
    drift: Drift | None = None
    """The drift that the last sweep found; the access cannot be kept then."""
    evidence: PartnerEvidence | None = None
    """The evidence for an open review; None when none is open."""


async def read_review_context(partnership: Partnership, *, store: Store, now: datetime) -> ReviewContext:
    """Return what the card of a partner's review shows."""
    open_requests = await store.open_requests_alone()
    is_due = partnership.state is PartnershipState.REVIEW_DUE
    return ReviewContext(
        revocation=running_revocation(open_requests, partnership.identity),
        reduction=next((one for one in open_requests if _answers(one, partnership)), None),
        drift=await known_drift(partnership.identity.tenant_id, store),
        evidence=await gather_evidence(partnership, store=store, now=now) if is_due else None,
    )


def _answers(request: AccessRequest, partnership: Partnership) -> bool:
    return request.fields.answers_review_of == partnership.identity.tenant_id
