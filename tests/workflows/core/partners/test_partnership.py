"""What the record of a partner says about time."""

from datetime import timedelta

from tests.workflows.core.builders import NOW, partnership, request
from workflows.core.partners.partnership import opened_at
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState


def test_access_that_was_blocked_and_opened_again_is_active_since_then() -> None:
    def applied(days: int, kind: RequestKind = RequestKind.ACCESS) -> AccessRequest:
        return request(RequestState.APPLIED, kind, confirmed_at=NOW - timedelta(days=days))

    known = partnership(since=NOW - timedelta(days=5))
    blocked = [applied(300), applied(100, RequestKind.REVOCATION), applied(50), applied(5)]
    assert opened_at(known, blocked) == NOW - timedelta(days=50)
    assert opened_at(known, []) == known.since
    assert opened_at(known, [request(RequestState.REJECTED, confirmed_at=None), applied(7)]) == NOW - timedelta(days=7)
