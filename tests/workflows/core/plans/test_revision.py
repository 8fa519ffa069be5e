"""The difference between the plan that people saw and the one that replaces it."""

from tests.workflows.core.builders import TENANT, access_plan
from workflows.core.plans.plan import Plan
from workflows.core.plans.planning import plan_revocation
from workflows.core.plans.revision import PlanShown, revisions
from workflows.core.settings.model import Property


def shown(plan: Plan) -> PlanShown:
    return PlanShown(plan=plan, default=None)


def test_the_same_plan_has_no_difference() -> None:
    assert revisions(shown(access_plan()), shown(access_plan())) == ()


def test_another_value_before_is_a_difference_of_that_setting_only() -> None:
    """The plan leads to the same, from somewhere else: approvers have seen another step."""
    now = access_plan({"tenantId": TENANT, Property.INBOUND_TRUST.value: {"isMfaAccepted": False}})
    [one] = revisions(shown(access_plan()), shown(now))
    assert (one.subject.name, one.subject.key) == (Property.INBOUND_TRUST, "mfa")
    assert one.before is not None
    assert one.after is not None
    assert (one.before.before, one.after.before) == (None, False)
    assert one.before.after is one.after.after is True


def test_what_only_one_plan_writes_is_a_difference() -> None:
    """A setting that is set already needs no write; what the new plan writes in addition comes first."""
    done = access_plan({"tenantId": TENANT, Property.INBOUND_TRUST.value: {"isMfaAccepted": True}})
    gone = [one for one in revisions(shown(access_plan()), shown(done)) if one.after is None]
    assert [one.subject.name for one in gone] == [Property.INBOUND_TRUST]
    wider = plan_revocation(tenant_id=TENANT, default={}, before=None)
    found = revisions(shown(access_plan()), shown(wider))
    assert found[0].before is None
