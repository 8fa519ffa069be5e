"""When one more approval completes the chain, the earlier approvers are read again together with who clicks."""

import pytest

from tests.workflows.core.builders import (
    AMARA,
    BRUNO,
    CHIE,
    WHOLE_CHAIN,
    access_plan,
    approval,
    current_roles,
    request,
)
from workflows.core.policy.approval import Choice, Decision
from workflows.core.requests.deciding import next_approval_is_last, roles_as_decided
from workflows.core.requests.request import AccessRequest, RequestState

EARLIER = access_plan(template_hash="hash-0").digest


def waiting(*decisions: Decision) -> AccessRequest:
    return request(decisions=decisions)


@pytest.mark.parametrize(
    ("decisions", "is_last"),
    [
        ((), False),
        (WHOLE_CHAIN[:1], False),
        (WHOLE_CHAIN[:2], True),
        (WHOLE_CHAIN, True),
        ((approval(AMARA, 0, digest=EARLIER), approval(BRUNO, 1, digest=EARLIER)), False),
        ((approval(AMARA, 0), approval(BRUNO, 1, choice=Choice.REJECT)), False),
    ],
)
def test_the_next_approval_is_the_last_one_when_one_is_missing(decisions: tuple[Decision, ...], is_last: bool) -> None:
    assert next_approval_is_last(waiting(*decisions)) is is_last


@pytest.mark.parametrize("state", [one for one in RequestState if one is not RequestState.AWAITING_APPROVAL])
def test_a_request_that_does_not_wait_has_no_next_approval(state: RequestState) -> None:
    assert not next_approval_is_last(request(state))


def test_whoever_is_read_in_advance_is_also_needed() -> None:
    """An approver of the open stage needs the others exactly when the approval is the last one."""
    first = waiting(*WHOLE_CHAIN[:1])
    assert roles_as_decided(first, BRUNO, current_roles(bruno="data-owner")) is not None
    last = waiting(*WHOLE_CHAIN[:2])
    assert roles_as_decided(last, CHIE, current_roles(chie="data-owner")) is None


def test_a_request_that_does_not_wait_has_no_assumed_roles() -> None:
    assert roles_as_decided(request(RequestState.APPLIED), BRUNO, current_roles(bruno="data-owner")) is None
