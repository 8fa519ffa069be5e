"""Find whether a plan only reduces access, or closes all of it, and what a block ends besides what was asked for."""

from workflows.core.plans.accounts import AccountChange
from workflows.core.plans.changes import plan_access_change
from workflows.core.plans.plan import AtEnd, Plan
from workflows.core.settings.access_change import AccessChange
from workflows.core.settings.block import unblocked_settings
from workflows.core.settings.canonical import JsonObject
from workflows.core.settings.effective import effective_settings
from workflows.core.settings.model import Property
from workflows.core.settings.open_access import AccessState, access_state_of


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


def has_default_guests(configuration: JsonObject | None, default: JsonObject | None, *, is_cross_cloud: bool) -> bool:
    """Return whether the tenant's default alone lets a partner's guests in, all or some of them."""
    effective = effective_settings(configuration, default, is_cross_cloud=is_cross_cloud)
    guests = effective.targets[Property.B2B_COLLABORATION_INBOUND]
    is_by_default = all(origin.is_inherited for origin in guests.origins)
    return is_by_default and access_state_of(guests) in (AccessState.OPEN, AccessState.PARTLY)


def blocks_default_guests_at_end(plan: Plan, default: JsonObject | None) -> bool:
    """Return whether the block at the end of a plan also ends guest access that the default gives, with it or without.

    Where the plan itself has a setting for guests, its changes show what they had before.
    """
    opens = not closes_everything(plan) and (plan.extends or not only_reduces_access(plan))
    is_blocked = plan.duration is not None and plan.at_end is AtEnd.BLOCK and opens
    sides = (plan.before, plan.configuration_after())
    return is_blocked and all(has_default_guests(one, default, is_cross_cloud=plan.is_cross_cloud) for one in sides)
