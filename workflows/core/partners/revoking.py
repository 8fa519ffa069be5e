"""Revoking: who may ask for it, and which open requests it stops."""

from collections.abc import Iterable
from typing import Final

from workflows.core.errors import Refused
from workflows.core.partners.partnership import Partnership, PartnershipState
from workflows.core.partners.reviews import may_close
from workflows.core.people import Person, Roster
from workflows.core.plans.plan import TenantIdentity
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState


def require_may_revoke(
    partnership: Partnership | None, person: Person, roster: Roster, *, in_review: bool = True
) -> None:
    """Let admins pass, and the sponsor in answer to a review.

    :param partnership: the partner's record; None where there is none.
    :param in_review: whether it may be the answer to a review at all: not when it was asked for by command.
    :raises Refused: for everybody else.
    """
    if not may_close(partnership if in_review else None, person, roster):
        raise Refused("not_an_admin", f"{_WHO_MAY} {_way_out(partnership, person)}")


def stopped_by_revoking(requests: Iterable[AccessRequest], identity: TenantIdentity) -> tuple[AccessRequest, ...]:
    """List the open requests about a partner that give way to revoking it: closing goes first.

    That is whatever would open it, also what is half applied, and also where every block stands already: an approval
    would put the access back. Of revocations only one that waits for its read-back gives way.
    """
    return tuple(one for one in requests if _concerns(one, identity) and _gives_way(one))


def would_open(requests: Iterable[AccessRequest], identity: TenantIdentity) -> tuple[AccessRequest, ...]:
    """List the open requests that may put access for a partner back, unless revoking stops them."""
    stopped = stopped_by_revoking(requests, identity)
    return tuple(one for one in stopped if one.particulars.kind is not RequestKind.REVOCATION)


_WHO_MAY: Final = "Only partner admins can revoke, and the sponsor in answer to a review."


def _way_out(partnership: Partnership | None, person: Person) -> str:
    if partnership is None or partnership.sponsor.id != person.id:
        return "Ask one of them."
    if partnership.state is PartnershipState.REVIEW_DUE:
        return "You are the sponsor and are being asked: press Revoke on the review's card, or ask an admin."
    return "You are the sponsor, but no review is due now: ask an admin."


def _concerns(request: AccessRequest, identity: TenantIdentity) -> bool:
    # One that is still being prepared has no plan yet; what its form saw tells whom it is about.
    seen = request.observation if request.prepared is None else request.prepared.observation
    about = request.particulars.target if seen is None else seen.identity.tenant_id
    return about in (identity.tenant_id, identity.default_domain, identity.asked)


def _gives_way(request: AccessRequest) -> bool:
    return request.particulars.kind is not RequestKind.REVOCATION or request.state is RequestState.UNCONFIRMED
