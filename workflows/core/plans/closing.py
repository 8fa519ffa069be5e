"""Whether a plan closes a part of the access, or all of it."""

from workflows.core.plans.changes import plan_access_change
from workflows.core.plans.plan import Plan
from workflows.core.settings.block import not_blocked
from workflows.core.settings.breadth import AccessChange


def only_narrows(plan: Plan) -> bool:
    """Return whether a plan certainly reduces access and opens nothing, whatever the tenant's default is.

    NB. the default is not used on purpose, because it is not part of what is approved. An explicit "allowed" may reduce
    access only because the default is more open today. That is no certain reduction.
    """
    return plan_access_change(plan) in (AccessChange.NARROWS, AccessChange.CLOSES)


def closes_everything(plan: Plan) -> bool:
    """Return whether the whole block of a revocation is set after the plan.

    See `openness.access_kinds` for what else can be open.
    """
    return not not_blocked(plan.image_after() or {})
