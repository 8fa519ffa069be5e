"""A plan that writes nobody is refused, and says how many nobody checked."""

import pytest

from workflows.app.evidence.guests import account_planning
from workflows.core.errors.raised import Refused
from workflows.core.errors.refusal_codes import RefusalCode
from workflows.core.plans.accounts import AccountChange, AccountPlan, LeftAlone


def test_a_plan_of_nobody_names_how_many_were_not_checked() -> None:
    counts = {LeftAlone.HAS_ROLE: 1000}
    plan = AccountPlan(change=AccountChange.DISABLE, accounts=(), left_counts=counts, more=40)
    with pytest.raises(Refused) as refused:
        account_planning._with_accounts(plan)
    assert refused.value.code is RefusalCode.NO_GUESTS_TO_CHANGE
    expected = {"change": "disable", "left": {"has_role": 1000}, "is_complete": True, "more": 40}
    assert refused.value.fact.values == expected
