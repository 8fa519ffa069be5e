"""The page shows the tenant's Conditional Access policies, and what a press of each button makes of it."""

from bot.sandbox.entra.tenant.initial_policies import conditional_access_policies
from bot.sandbox.page.tenant.policies import policy_rows


def test_every_policy_of_the_first_day_can_be_switched() -> None:
    rows = policy_rows({"conditionalAccessPolicies": conditional_access_policies()})
    assert [row.name for row in rows if row.is_on] == ["Require MFA for guests"]
    assert {row.next_state for row in rows} == {"enabled", "disabled"}
    assert {row.whom for row in rows} == {
        "all guests and external users",
        "guests, synchronized members",
        "synchronized members",
    }


def test_a_policy_of_any_shape_is_shown() -> None:
    odd = {
        "a": {},
        "b": {"state": "paused", "conditions": "all", "displayName": "<b>"},
        "c": {"conditions": {"users": 1}},
    }
    rows = policy_rows({"conditionalAccessPolicies": odd})
    assert [(row.name, row.whom) for row in rows] == [
        ("a", "selected users"),
        ("<b>", "selected users"),
        ("c", "selected users"),
    ]
    assert policy_rows({}) == ()
