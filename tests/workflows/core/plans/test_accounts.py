"""Who may be written, and what is known about each account."""

from typing import Any

import pytest

from tests.workflows.core.builders import NOW, accounts_plan, planned_accounts
from tests.workflows.guest_accounts import guest
from workflows.core.plans.accounts import (
    AccountChange,
    AccountEnd,
    AccountProgress,
    AccountResult,
    LeftAlone,
    merged_results,
    reason_to_leave,
)

SHOWN = planned_accounts(1)[0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"user_type": "member"}, LeftAlone.MEMBER),
        ({"user_type": ""}, LeftAlone.MEMBER),
        ({"is_synchronized": True}, LeftAlone.SYNCHRONIZED),
        ({"is_enabled": False}, LeftAlone.ALREADY),
        ({"mail": "other@contoso.com"}, LeftAlone.CHANGED),
        ({"created_at": NOW}, LeftAlone.CHANGED),
        ({"name": "Another name"}, None),
        ({"mail": "GUEST0@Contoso.com"}, None),
    ],
)
def test_who_is_left_alone(changes: dict[str, Any], reason: LeftAlone | None) -> None:
    found = reason_to_leave(guest(0, **changes), (), AccountChange.DISABLE, SHOWN)
    assert found == (None if reason is None else (reason, {}))


def test_a_missing_account_and_one_with_a_role_are_left_alone() -> None:
    assert reason_to_leave(None, (), AccountChange.DISABLE) == (LeftAlone.GONE, {})
    roles = reason_to_leave(guest(0), ("User Administrator", "Global Reader"), AccountChange.DISABLE)
    assert roles == (LeftAlone.HAS_ROLE, {"roles": ["Global Reader", "User Administrator"]})
    assert reason_to_leave(guest(0), (), AccountChange.ENABLE) == (LeftAlone.ALREADY, {})
    assert reason_to_leave(guest(0, is_enabled=False), (), AccountChange.ENABLE) is None


def test_progress_counts_each_account_once() -> None:
    plan = accounts_plan().accounts
    assert plan is not None
    one, two, three = (account.id for account in plan.accounts)
    sent = AccountResult(id=one, end=AccountEnd.SENT, at=NOW)
    done = AccountResult(id=one, end=AccountEnd.DONE, at=NOW)
    other = AccountResult(id=two, end=AccountEnd.REFUSED, at=NOW)
    assert merged_results((sent,), (other, done)) == (done, other)
    progress = AccountProgress(results=(sent, other), sending=(three,))
    assert progress.counts == {"sent": 1, "refused": 1, "unknown": 1}
    assert progress.remaining(plan) == ()
    assert progress.has_effect
    assert not AccountProgress(results=(other,)).has_effect
    assert progress.ids_of(AccountEnd.SENT) == (one,)
