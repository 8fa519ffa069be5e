"""Find whether a plan only reduces access, or closes all of it."""

from workflows.core.plans.accounts import AccountChange
from workflows.core.plans.changes import plan_access_change
from workflows.core.plans.plan import Plan
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.block import unblocked_settings


def only_reduces_access(plan: Plan) -> bool:
    """Return whether a plan certainly reduces access and does not extend it, so that one approver is enough."""
    return not plan.extends and writes_only_reductions(plan)


def writes_only_reductions(plan: Plan) -> bool:
    """Return whether a plan certainly reduces access and opens nothing, whatever the tenant's default is.

    NB. the default is deliberately not used, because it can change later. An explicit "allowed" may reduce access only
    because the default is more open today, which is not certain.
    """
    if plan.accounts is not None:
        return plan.accounts.change is AccountChange.DISABLE
    return plan_access_change(plan) in (AccessChange.REDUCES, AccessChange.CLOSES)


def closes_everything(plan: Plan) -> bool:
    """Return whether all settings of a revocation's block are set after the plan.

    See `open_access.access_kinds` for what else can be open.
    """
    return plan.accounts is None and not unblocked_settings(plan.configuration_after() or {})
