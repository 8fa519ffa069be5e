"""The surfaces of what an approver asks the requester to change, or proposes to ask for."""

from dataclasses import replace
from datetime import timedelta

from bot.slack.blocks.blocks import Json
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.request_card import request_card
from bot.slack.cards.approval.requester_and_sponsor import requester_card
from bot.slack.flows.decide.changes_views import changes_view, decline_view, less_view
from bot.slack.flows.decide.views import decision_view
from bot.slack.outbound.requests.change_cards import changes_card, proposal_card
from tests.bot.shipped_cards import NAMES, waiting
from tests.workflows.core.builders import AMARA, BRUNO, NOW
from workflows.app.requests.edits.less_access import LessChoices
from workflows.app.requests.proposing import access_plan
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.conversation.remarks import RemarkId
from workflows.core.policy.left_out import parts_that_open
from workflows.core.requests.request import AccessRequest, ChangesRequested, Proposal

_TEMPLATES = load_catalog(SHIPPED).templates
_TEXT = (
    "Please ask for 90 days only. The bridge project ends in spring, and the second phase has not been approved by the "
    "steering committee yet. Name the three sites in the justification as well."
)
_PARTS = ("inboundTrust.isCompliantDeviceAccepted", "automaticUserConsentSettings.inboundAllowed")


def _waiting() -> AccessRequest:
    return waiting(_TEMPLATES["trusted-partner"])


def _changes() -> AccessRequest:
    changes = ChangesRequested(person=AMARA, text=_TEXT, at=NOW, remark=RemarkId("1"))
    return replace(_waiting(), changes_requested=changes)


def _proposed() -> tuple[AccessRequest, Proposal]:
    request, template = _waiting(), _TEMPLATES["trusted-partner"]
    days = timedelta(days=90)
    plan = access_plan(request.require_prepared().observation, template, days, record=None, now=NOW, left_out=_PARTS)
    proposal = Proposal(
        number=1,
        person=BRUNO,
        fields=replace(request.fields, duration=days, left_out=_PARTS),
        plan=plan,
        template_title=template.title,
        stages=template.stages,
        reason="Their devices are not managed, so we cannot rely on them. The project ends in spring.",
        digest=request.plan.digest,
        at=NOW,
    )
    return replace(request, proposal=proposal), proposal


def _left_out() -> AccessRequest:
    request, proposal = _proposed()
    prepared = replace(request.require_prepared(), plan=proposal.plan)
    return replace(request, fields=proposal.fields, proposal=None, prepared=prepared)


def asked_change_messages() -> dict[str, list[Json]]:
    """Return the cards and messages while something is asked of the requester."""
    changes, (proposed, proposal), context = _changes(), _proposed(), CardContext(is_first=True)
    return {
        "card-changes": request_card(changes, holders=NAMES, context=context, now=NOW).blocks,
        "card-proposal": request_card(proposed, holders=NAMES, context=context, now=NOW).blocks,
        "card-left-out": request_card(_left_out(), holders=NAMES, context=context, now=NOW).blocks,
        "requester-changes": requester_card(changes, now=NOW, holders=NAMES).blocks,
        "requester-proposal": requester_card(proposed, now=NOW, holders=NAMES).blocks,
        "changes-message": changes_card(changes).blocks,
        "proposal-message": proposal_card(proposed, proposal).blocks,
    }


def asked_change_windows() -> dict[str, Json]:
    """Return the windows in which somebody asks, proposes and declines."""
    proposed, proposal = _proposed()
    trusted = _TEMPLATES["trusted-partner"]
    choices = LessChoices(
        parts=parts_that_open(trusted.settings)[1:],
        placeholders=(),
        templates=(trusted, _TEMPLATES["guest-collaboration"]),
        durations=trusted.durations[:2],
    )
    return {
        "request-changes": changes_view(_changes()),
        "propose-less": less_view(_waiting(), choices),
        "decline-proposal": decline_view(proposed, proposal),
        "details-proposal": decision_view(proposed, history=[], now=NOW, holders=NAMES),
    }
