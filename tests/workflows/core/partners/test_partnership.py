"""What the record of a partner says about time."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from tests.workflows.core.builders import AMARA, NOW, TENANT, partnership, prepared, request
from workflows.core.partners.partnership import Partnership, PartnershipState, is_over, newer_request, opened_at
from workflows.core.plans.planning import plan_access
from workflows.core.requests.request import AccessRequest, RequestId, RequestKind, RequestState
from workflows.core.settings.model import CLOSED, IdentitySynchronization, Property, TenantId


def test_access_that_was_blocked_and_opened_again_is_active_since_then() -> None:
    def applied(days: int, kind: RequestKind = RequestKind.ACCESS) -> AccessRequest:
        return request(RequestState.APPLIED, kind, confirmed_at=NOW - timedelta(days=days))

    known = partnership(since=NOW - timedelta(days=5))
    blocked = [applied(300), applied(100, RequestKind.REVOCATION), applied(50), applied(5)]
    assert opened_at(known, blocked) == NOW - timedelta(days=50)
    assert opened_at(known, []) == known.since
    part = request(RequestState.FAILED, applied_part=1, changed_at=NOW - timedelta(days=20), confirmed_at=None)
    assert opened_at(known, [part]) == part.changed_at, "a part of an opening opens"
    assert opened_at(known, [request(RequestState.REJECTED, confirmed_at=None), applied(7)]) == NOW - timedelta(days=7)


@pytest.mark.parametrize(
    ("asked", "record", "may"),
    [
        (request(RequestState.REJECTED), None, True),
        (request(RequestState.FAILED), partnership(), True),
        (request(RequestState.AWAITING_APPROVAL), None, False),
        (request(RequestState.WITHDRAWN, RequestKind.REVOCATION), None, False),
        (request(RequestState.WITHDRAWN, RequestKind.RESTORATION), None, False),
        (request(RequestState.APPLIED), None, False),
        (request(RequestState.APPLIED), partnership(), False),
        (request(RequestState.APPLIED), partnership(ends_at=NOW), True),
        (request(RequestState.APPLIED), partnership(request_id=RequestId("r-2")), True),
        (request(RequestState.OVERWRITTEN), partnership(ends_at=NOW), True),
        (request(RequestState.FAILED, applied_part=1), partnership(), True),
        (request(RequestState.FAILED, applied_part=1), partnership(state=PartnershipState.REVOKED), True),
        (request(RequestState.APPLIED), partnership(state=PartnershipState.REVOKED, ends_at=None), False),
    ],
)
def test_what_is_closed_and_not_active_any_more_can_be_requested_again(
    asked: AccessRequest, record: Partnership | None, may: bool
) -> None:
    """What a request blocked itself is as it was asked for."""
    assert is_over(asked, record, NOW) is may


LATER: Final = NOW + timedelta(days=1)
WAITS: Final = request(id="r-2", created_at=LATER)
APPLIED: Final = request(RequestState.APPLIED, id="r-2", created_at=LATER)


@pytest.mark.parametrize(
    ("other", "record", "is_newer"),
    [
        (WAITS, None, True),
        (replace(WAITS, state=RequestState.PREPARING, prepared=None), None, True),
        (replace(WAITS, state=RequestState.APPLYING), partnership(), True),
        (replace(WAITS, state=RequestState.REJECTED), None, False),
        (replace(WAITS, created_at=NOW - timedelta(days=1)), None, False),
        (replace(WAITS, fields=replace(WAITS.fields, kind=RequestKind.REVOCATION)), None, False),
        (
            replace(
                WAITS,
                fields=replace(WAITS.fields, requester=AMARA.chat_id),
                prepared=replace(WAITS.require_prepared(), requester=AMARA),
            ),
            None,
            False,
        ),
        (APPLIED, None, False),
        (APPLIED, partnership(), False),
        (APPLIED, partnership(request_id=APPLIED.id), True),
        (APPLIED, partnership(request_id=APPLIED.id, ends_at=NOW), False),
        (APPLIED, partnership(request_id=APPLIED.id, state=PartnershipState.REVOKED, ends_at=None), False),
    ],
)
def test_a_later_request_of_the_same_person_that_waits_or_is_in_force_stands_for_an_earlier_one(
    other: AccessRequest, record: Partnership | None, is_newer: bool
) -> None:
    earlier = request(RequestState.WITHDRAWN)
    assert newer_request(earlier, [other], record, NOW) == (other if is_newer else None)


def test_a_later_request_for_another_partner_stands_for_no_earlier_one() -> None:
    earlier = request(RequestState.WITHDRAWN)
    seen = WAITS.require_prepared().observation
    identity = replace(seen.identity, tenant_id=TenantId("5a5e1f50-1c1f-4a8a-9d30-1d2f00c0f000"))
    other = replace(WAITS, prepared=replace(WAITS.require_prepared(), observation=replace(seen, identity=identity)))
    assert newer_request(earlier, [other], None, NOW) is None
    unknown = replace(WAITS, prepared=None, fields=replace(WAITS.fields, target="fabrikam.com"))
    assert newer_request(earlier, [unknown], None, NOW) is None


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


@pytest.mark.parametrize("state", RequestState)
@pytest.mark.parametrize("part", [0, 1])
def test_something_was_written_where_the_record_has_its_result(state: RequestState, part: int) -> None:
    """The one meaning for the search, the cards, the posture, restoring, and the approval policy of old records."""
    is_written = request(state, applied_part=part).was_written
    assert is_written is (part == 1 or state in (RequestState.APPLIED, RequestState.OVERWRITTEN))


def test_a_change_of_guest_accounts_opens_nothing_and_replaces_no_request() -> None:
    known = partnership(since=NOW)
    disabled = request(RequestState.APPLIED, RequestKind.DISABLE_GUESTS, confirmed_at=NOW - timedelta(days=3))
    assert opened_at(known, [disabled]) == NOW
    earlier = request(RequestState.EXPIRED, id=RequestId("r-0"), created_at=NOW - timedelta(days=9))
    waiting = request(RequestState.AWAITING_APPROVAL, RequestKind.ENABLE_GUESTS)
    assert newer_request(earlier, [waiting], None, NOW) is None
    assert not replace(disabled, writing_since=NOW).was_sent
