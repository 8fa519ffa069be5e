"""Tells what a plan closes: a part of the access, or all of it."""

from workflows.core.plans.changes import plan_access_change
from workflows.core.plans.plan import Plan
from workflows.core.settings.block import not_blocked
from workflows.core.settings.breadth import AccessChange


def only_narrows(plan: Plan) -> bool:
    """Tell whether a plan provably narrows or closes and opens nothing, whatever the tenant's default is.

    NB. without the default on purpose: it is no part of what is approved, so what narrows only because the default
    happens to be open today (an explicit "allowed" over it) is no proven narrowing.
    """
    return plan_access_change(plan) in (AccessChange.NARROWS, AccessChange.CLOSES)


def closes_everything(plan: Plan) -> bool:
    """Tell whether the whole block of a revocation stands after the plan; see `openness.ways` for what else is open."""
    return not not_blocked(plan.image_after() or {})
