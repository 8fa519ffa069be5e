"""The surfaces of what an approver asks the requester to change, or proposes to ask for."""

from dataclasses import replace

from bot.slack.blocks.blocks import Json
from bot.slack.cards.approval.card_context import CardContext
from bot.slack.cards.approval.request_card import request_card
from bot.slack.cards.approval.requester_and_sponsor import requester_card
from bot.slack.flows.decide.remarks.changes_views import changes_view, decline_view, less_view
from bot.slack.flows.decide.views import decision_view
from bot.slack.outbound.requests.change_cards import changes_card, proposal_card
from tests.bench.waiting_surfaces import with_changes, with_proposal
from tests.bot.shipped_cards import NAMES, waiting
from tests.workflows.core.builders import NOW
from workflows.app.requests.edits.less_access import LessChoices
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.policy.left_out import parts_that_open
from workflows.core.requests.request import AccessRequest, Proposal

_TEMPLATES = load_catalog(SHIPPED).templates


def _waiting() -> AccessRequest:
    return waiting(_TEMPLATES["trusted-partner"])


def _proposed() -> tuple[AccessRequest, Proposal]:
    request = with_proposal(_waiting())
    assert request.proposal is not None
    return request, request.proposal


def _left_out() -> AccessRequest:
    request, proposal = _proposed()
    prepared = replace(request.require_prepared(), plan=proposal.plan)
    return replace(request, fields=proposal.fields, proposal=None, prepared=prepared)


def asked_change_messages() -> dict[str, list[Json]]:
    """Return the cards and messages while something is asked of the requester."""
    changes, (proposed, proposal), context = with_changes(_waiting()), _proposed(), CardContext(is_first=True)
    return {
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
        "request-changes": changes_view(with_changes(_waiting())),
        "propose-less": less_view(_waiting(), choices),
        "decline-proposal": decline_view(proposed, proposal),
        "details-proposal": decision_view(proposed, history=[], now=NOW, holders=NAMES),
    }
