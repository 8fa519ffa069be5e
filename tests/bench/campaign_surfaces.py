"""Campaigns of reviews as people see them: the windows, an admin's App Home, and a review that says why it is due."""

from dataclasses import replace
from typing import Any

from bot.slack.cards.review_card import review_card
from bot.slack.flows.alarms.campaign_views import choose_view, preview_view
from bot.slack.flows.home.view import home_view
from tests.warm.ready_made import shipped_catalog
from tests.workflows.core.builders import DANA, NOW, partnership
from workflows.app.reads.app_home import AppHome
from workflows.core.partners.partnership import PartnershipState
from workflows.core.partners.reviewing.campaigns import (
    Candidate,
    MemberOutcome,
    Selection,
    SkipReason,
    begin_campaign,
    review_of,
)
from workflows.core.requests.commands.campaign import CampaignId, CampaignScope
from workflows.core.requests.commands.review_event import ReviewReason, ReviewReasonCode
from workflows.core.settings.model import TenantId
from workflows.ports.pages import Page

SELECTION = Selection.of(
    "Trusted partner",
    [
        *(Candidate(tenant_id=TenantId(f"t{number}"), name=f"partner{number:02}.com") for number in range(24)),
        Candidate(tenant_id=TenantId("a"), name="adatum.com", skip=SkipReason.UNDER_REVIEW),
        Candidate(tenant_id=TenantId("b"), name="litware.com", skip=SkipReason.ENDS_SOON),
    ],
)
CAMPAIGN = begin_campaign(
    CampaignId("C-5F3C9A10D2"),
    CampaignScope.TEMPLATE,
    "trusted-partner",
    SELECTION,
    reason="Yearly check before the audit",
    by=DANA,
    now=NOW,
)
REASONS = (
    ReviewReason(code=ReviewReasonCode.NO_SIGN_IN, at=NOW, values={"days": "30"}),
    ReviewReason(code=ReviewReasonCode.CAMPAIGN, at=NOW, values=review_of(CAMPAIGN).values),
)


def campaign_windows() -> dict[str, dict[str, Any]]:
    """Return the windows of a campaign, and the App Homes that show one and its reviews."""
    counts = {MemberOutcome.KEPT: 9, MemberOutcome.REVOKED: 2, MemberOutcome.OPEN: 10, MemberOutcome.OVERDUE: 3}
    due = partnership(state=PartnershipState.REVIEW_DUE, reminders=1, review_reasons=REASONS)
    page = Page(items=[due], count=1, size=1, first_cursor=("a", "b"), last_cursor=("a", "b"))
    return {
        "campaign-choose": choose_view(list(shipped_catalog().templates.values())),
        "campaign-preview": preview_view(CampaignScope.TEMPLATE, "trusted-partner", SELECTION),
        "home-campaign": home_view(AppHome(is_admin=True, campaigns=(replace(CAMPAIGN, counts=counts),)), now=NOW),
        "home-review-reasons": home_view(AppHome(reviews=page), now=NOW),
    }


def campaign_messages() -> dict[str, list[dict[str, Any]]]:
    """Return a review card that says why it is due, and one that nobody has to answer any more."""
    due = partnership(state=PartnershipState.REVIEW_DUE, reminders=1, review_reasons=REASONS)
    ended = partnership(review_ended_by=REASONS[1])
    return {
        "review-with-reasons": review_card(due, now=NOW).blocks,
        "review-ended": review_card(ended, now=NOW).blocks,
    }
