"""Tells what a plan closes: a part of the access, or all of it."""

from workflows.core.canonical import JsonObject
from workflows.core.documents import means_the_same, to_document
from workflows.core.partner import CLOSED, Property
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
    return not not_closed(plan.image_after() or {})


def not_closed(configuration: JsonObject) -> tuple[Property, ...]:
    """Name what is not closed explicitly in a partner's own configuration; empty when all of it is."""
    blocks = {name: to_document(setting) for name, setting in CLOSED.items()}
    found = [name for name, shut in blocks.items() if not means_the_same({"": configuration.get(name)}, {"": shut})]
    if is_synchronization_allowed(configuration):
        found.append(Property.IDENTITY_SYNCHRONIZATION)
    return tuple(found)
