"""Tells what a plan closes: a part of the access, or all of it."""

from workflows.core.documents import means_the_same, to_document
from workflows.core.partner import CLOSED
from workflows.core.plan import Plan, is_synchronization_allowed
from workflows.core.reach import Shift
from workflows.core.shifts import plan_shift


def only_narrows(plan: Plan) -> bool:
    """Tell whether a plan provably narrows or closes and opens nothing, whatever the tenant's default is.

    NB. without the default on purpose: it is no part of what is approved, so what narrows only because the default
    happens to be open today (an explicit "allowed" over it) is no proven narrowing.
    """
    return plan_shift(plan) in (Shift.NARROWS, Shift.CLOSES)


def closes_everything(plan: Plan) -> bool:
    """Tell whether the partner is blocked in both directions after the plan, untrusted and not synchronized."""
    after = plan.image_after() or {}
    blocks = {name.value: to_document(setting) for name, setting in CLOSED.items()}
    return not is_synchronization_allowed(after) and all(
        means_the_same({"": after.get(name)}, {"": wanted}) for name, wanted in blocks.items()
    )
