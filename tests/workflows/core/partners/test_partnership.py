"""What the record of a partner says about time."""

from datetime import timedelta

from tests.workflows.core.builders import NOW, TENANT, partnership, prepared, request
from workflows.core.partners.partnership import opened_at
from workflows.core.plans.plan import plan_access
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState
from workflows.core.settings.model import CLOSED, IdentitySynchronization, Property


def test_access_that_was_blocked_and_opened_again_is_active_since_then() -> None:
    def applied(days: int, kind: RequestKind = RequestKind.ACCESS) -> AccessRequest:
        return request(RequestState.APPLIED, kind, confirmed_at=NOW - timedelta(days=days))

    known = partnership(since=NOW - timedelta(days=5))
    blocked = [applied(300), applied(100, RequestKind.REVOCATION), applied(50), applied(5)]
    assert opened_at(known, blocked) == NOW - timedelta(days=50)
    assert opened_at(known, []) == known.since
    assert opened_at(known, [request(RequestState.REJECTED, confirmed_at=None), applied(7)]) == NOW - timedelta(days=7)


def test_an_approved_block_is_an_end_and_no_opening() -> None:
    """Block is a template, so its request is one for access by kind."""
    plan = plan_access(
        tenant_id=TENANT,
        before={"tenantId": TENANT},
        settings={**CLOSED, Property.IDENTITY_SYNCHRONIZATION: IdentitySynchronization(is_allowed=False)},
        template="block",
        template_hash="",
        duration=timedelta(days=365),
    )
    before, blocked, again = (
        request(RequestState.APPLIED, confirmed_at=NOW - timedelta(days=300)),
        request(RequestState.APPLIED, prepared=prepared(plan=plan), confirmed_at=NOW - timedelta(days=100)),
        request(RequestState.APPLIED, confirmed_at=NOW - timedelta(days=50)),
    )
    known = partnership(since=NOW - timedelta(days=5))
    assert opened_at(known, [before, blocked, again]) == NOW - timedelta(days=50)
    assert opened_at(known, [before, blocked]) == known.since
