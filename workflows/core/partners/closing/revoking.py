"""Who may revoke a partner, and which open requests a revocation stops."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviewing.reviews import may_revoke
from workflows.core.people import CurrentRoles, Person
from workflows.core.plans.accounts import AccountChange
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import AccessRequest, Closing, RequestKind, RequestState

REVOCATION_LIFETIME: Final = timedelta(days=365)
"""The longest time that a revocation waits for Graph."""


def require_may_revoke(
    partnership: Partnership | None, person: Person, current_roles: CurrentRoles, *, in_review: bool = True
) -> None:
    """Check that the person is an admin, or the sponsor in answer to a review.

    :param partnership: the partner's record; None when there is none.
    :param in_review: whether it can be the answer to a review. A revocation by command cannot.
    :raises Refused: when the person is neither of these.
    """
    if not may_revoke(partnership if in_review else None, person, current_roles):
        raise Refused(
            RefusalCode.ONLY_ADMINS_REVOKE,
            is_sponsor=partnership is not None and partnership.sponsor.id == person.id,
            is_review_due=partnership is not None and partnership.state is PartnershipState.REVIEW_DUE,
        )


def requests_stopped_by_revocation(
    requests: Iterable[AccessRequest], identity: TenantIdentity
) -> tuple[AccessRequest, ...]:
    """List the open requests about a partner that a revocation stops, because closing has priority.

    These are all requests that would open access, also partly applied ones. They are stopped even when the partner is
    already blocked, because an approval would open access again. Disabling guest accounts goes on. An earlier
    revocation is stopped only when it was sent and waits for its read-back.
    """
    return tuple(request for request in requests if _concerns(request, identity) and _is_stopped_by_revocation(request))


def requests_for_more_access(requests: Iterable[AccessRequest], identity: TenantIdentity) -> tuple[AccessRequest, ...]:
    """List the open requests about a partner that are no revocations."""
    stopped = requests_stopped_by_revocation(requests, identity)
    return tuple(request for request in stopped if request.fields.kind is not RequestKind.REVOCATION)


def require_may_close(
    closing: Closing, partnership: Partnership | None, requests: Iterable[AccessRequest], identity: TenantIdentity
) -> None:
    """Check that a partner is not being closed at least as strongly as is asked, and not revoked already.

    :param requests: the open requests.
    :raises Refused: when it is. A revocation of a suspended partner is possible, also while a suspension is written.
    """
    is_suspension = closing is Closing.SUSPEND
    if is_suspension and partnership is not None and partnership.state is PartnershipState.REVOKED:
        raise Refused(RefusalCode.REVOKED)
    for other in requests:
        if other.fields.kind is not RequestKind.REVOCATION or not _concerns(other, identity):
            continue
        if other.is_own_closing and not other.was_sent:
            continue  # an answer or an extension can still end it, and nobody's closing may end with it
        is_stronger = is_suspension and not other.is_suspension
        is_same = other.is_suspension is is_suspension and other.state is not RequestState.UNCONFIRMED
        if is_stronger or is_same:
            raise Refused(RefusalCode.REVOCATION_RUNNING, request=other.id, is_suspension=other.is_suspension)


def running_revocation(requests: Iterable[AccessRequest], identity: TenantIdentity) -> AccessRequest | None:
    """Return the newest open revocation of a partner; None when there is none.

    :param requests: the open requests, oldest first.
    """
    running = [
        request
        for request in requests
        if request.fields.kind is RequestKind.REVOCATION and _concerns(request, identity)
    ]
    return running[-1] if running else None


def _concerns(request: AccessRequest, identity: TenantIdentity) -> bool:
    # A request that is still being prepared has no plan yet. The observation of its form identifies the partner.
    observation = request.observation if request.prepared is None else request.prepared.observation
    about = request.fields.target if observation is None else observation.identity.tenant_id
    return about in (identity.tenant_id, identity.default_domain, identity.typed_name)


def _is_stopped_by_revocation(request: AccessRequest) -> bool:
    if request.fields.account_change is AccountChange.DISABLE:
        return False  # it closes as well
    return request.fields.kind is not RequestKind.REVOCATION or request.state is RequestState.UNCONFIRMED
