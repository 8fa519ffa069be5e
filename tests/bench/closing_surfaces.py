"""The windows that close a partner and open it again: suspend, revoke, and lift a suspension."""

from dataclasses import replace

from bot.slack.blocks.blocks import Json
from bot.slack.flows.revoke.lift import lift_view
from bot.slack.flows.revoke.views import revoke_view_or_nothing
from bot.slack.people.approvers import StageApprovers
from tests.bot.sandbox.page import samples
from tests.bot.shipped_cards import NAMES, waiting
from tests.workflows.core.builders import NOW, TENANT, identity, partnership
from workflows.app.requests.restoration.lift_intake import Lift
from workflows.app.requests.restoration.restoring import Restoration
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.partners.partnership import PartnershipState, Suspension
from workflows.core.partners.restoration.restoration_plan import plan_restoration
from workflows.core.plans.planning import plan_revocation
from workflows.core.requests.request import AccessRequest, Closing, ObservedPartner, RequestState

_TEMPLATE = load_catalog(SHIPPED).templates["trusted-partner"]


def closing_windows() -> dict[str, Json]:
    """Return the windows of an active partner that is suspended or revoked, and of a suspended one that is lifted."""
    opened, default = _opened(), samples.default_configuration()
    before = opened.plan.configuration_after()
    plan = plan_revocation(tenant_id=TENANT, default=default, before=before)
    active = partnership(request_id=opened.id)
    usage = ("12 of their people signed in during the last 30 days, most recently on Feb 28, 2027.",)

    def window(closing: Closing) -> Json:
        return revoke_view_or_nothing(
            identity(), active, plan, default, usage_sentences=usage, read_at=NOW, closing=closing
        )

    lift = plan_restoration(
        tenant_id=TENANT, current_configuration=plan.configuration_after(), earlier_configuration=before
    )
    suspension = Suspension(at=NOW, request_id=opened.id)
    suspended = replace(active, state=PartnershipState.SUSPENDED, suspension=suspension, next_review_at=None)
    found = Restoration(change=opened, plan=lift, template=_TEMPLATE, stages=_TEMPLATE.stages, findings=())
    observation = ObservedPartner(
        identity=identity(), configuration=plan.configuration_after(), default=default, at=NOW
    )
    stages = [StageApprovers(stage=one, approvers=NAMES.get(one.role)) for one in _TEMPLATE.stages]
    return {
        "suspend-window": window(Closing.SUSPEND),
        "revoke-window": window(Closing.REVOKE),
        "lift-window": lift_view(Lift(record=suspended, found=found, observation=observation), stages, [], {}),
    }


def _opened() -> AccessRequest:
    return replace(waiting(_TEMPLATE), state=RequestState.APPLIED, confirmed_at=NOW)
