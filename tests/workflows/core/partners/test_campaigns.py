"""A campaign asks about many partners at once: who takes part, what became of each, and when it is over."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.words.requests.notes import refusal_words
from tests.workflows.core.builders import AMARA, DANA, NOW, REQUEST, TENANT, everybody, partnership
from workflows.core.errors.raised import Refused
from workflows.core.partners.partnership import Attestation, Partnership, PartnershipState
from workflows.core.partners.reviewing.campaigns import (
    Campaign,
    CampaignState,
    Candidate,
    MemberOutcome,
    Selection,
    SkipReason,
    begin_campaign,
    is_asked_by,
    is_left_out,
    outcome_of,
    require_campaign_admin,
    review_of,
    why_skipped,
    with_counts,
    with_handled,
    withdraw_campaign,
)
from workflows.core.plans.plan import AtEnd
from workflows.core.requests.commands.campaign import CampaignId, CampaignScope
from workflows.core.requests.commands.review_event import ReviewReason, ReviewReasonCode
from workflows.core.settings.model import TenantId

DAY = timedelta(days=1)
CONTOSO = Candidate(tenant_id=TENANT, name="contoso.com")
BLOCKED = Candidate(tenant_id=TenantId("other"), name="adatum.com", skip=SkipReason.BLOCKED)
SELECTION = Selection.of("Trusted partner", [CONTOSO, BLOCKED])


def begun(selection: Selection = SELECTION, *, reason: str = " Yearly check ") -> Campaign:
    return begin_campaign(
        CampaignId("C-1"), CampaignScope.TEMPLATE, "trusted-partner", selection, reason=reason, by=DANA, now=NOW
    )


def asked(campaign: Campaign, **changes: Any) -> Partnership:
    reason = ReviewReason(code=ReviewReasonCode.CAMPAIGN, at=NOW, values=review_of(campaign).values)
    return partnership(**{"state": PartnershipState.REVIEW_DUE, "review_reasons": (reason,), "reminders": 1, **changes})


def test_a_campaign_asks_those_who_fit_and_counts_the_others() -> None:
    campaign = begun()
    assert (campaign.members, campaign.skipped) == ((TENANT,), {SkipReason.BLOCKED: 1})
    assert (campaign.reason, campaign.state, campaign.is_open) == ("Yearly check", CampaignState.RUNNING, True)
    command = review_of(campaign)
    assert (command.reason, command.event) == (ReviewReasonCode.CAMPAIGN, "C-1")
    assert command.values == {"campaign": "C-1", "by": "Dana", "why": "Yearly check"}


@pytest.mark.parametrize(
    ("selection", "reason", "code"),
    [
        (SELECTION, "  ", "campaign_reason"),
        (Selection.of("x", []), "Why", "campaign_empty"),
        (Selection.of("x", [BLOCKED]), "Why", "campaign_empty"),
    ],
)
def test_a_campaign_without_a_reason_or_without_members_is_refused(
    selection: Selection, reason: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        begun(selection, reason=reason)
    assert refused.value.code == code
    assert refusal_words(refused.value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"state": PartnershipState.REVOKED}, SkipReason.BLOCKED),
        ({"state": PartnershipState.REVIEW_DUE}, SkipReason.UNDER_REVIEW),
        ({"ends_at": NOW}, SkipReason.ENDED),
        ({"ends_at": NOW + 7 * DAY, "at_end": AtEnd.BLOCK}, SkipReason.ENDS_SOON),
        ({"ends_at": NOW + 8 * DAY, "at_end": AtEnd.BLOCK}, None),
        ({"ends_at": NOW + 7 * DAY}, None),
        ({"ends_at": None, "at_end": AtEnd.BLOCK}, None),
    ],
)
def test_pointless_reviews_are_left_out(changes: dict[str, Any], expected: SkipReason | None) -> None:
    assert why_skipped(partnership(**changes), NOW, is_in_campaign=False) is expected


def test_a_partner_that_another_campaign_will_ask_about_is_left_out() -> None:
    assert why_skipped(partnership(), NOW, is_in_campaign=True) is SkipReason.UNDER_REVIEW


def test_only_admins_start_campaigns() -> None:
    require_campaign_admin(DANA, everybody())
    with pytest.raises(Refused) as refused:
        require_campaign_admin(AMARA, everybody())
    assert refused.value.code == "campaign_not_admin"


def test_what_became_of_a_member() -> None:
    campaign = begun()
    kept = Attestation(person=DANA, reason="Needed", at=NOW + DAY)
    earlier = Attestation(person=DANA, reason="Needed", at=NOW - DAY)
    answered = {"review_events": ("campaign:C-1",)}
    cases = [
        (asked(campaign), MemberOutcome.OPEN),
        (asked(campaign, reminders=2), MemberOutcome.OVERDUE),
        (partnership(attestations=(earlier, kept), **answered), MemberOutcome.KEPT),
        (partnership(attestations=(replace(kept, reduced_by=REQUEST),)), MemberOutcome.REDUCED),
        (partnership(attestations=(earlier,), **answered), MemberOutcome.CHANGED),
        (partnership(since=NOW + DAY), MemberOutcome.CHANGED),
        (partnership(), MemberOutcome.OPEN),
        (asked(replace(campaign, id=CampaignId("C-2"))), MemberOutcome.OPEN),
        (partnership(state=PartnershipState.REVOKED), MemberOutcome.REVOKED),
        (None, MemberOutcome.REVOKED),
    ]
    for record, expected in cases:
        assert outcome_of(campaign, record) is expected
    assert not is_asked_by(campaign, partnership())


def test_a_member_whose_review_could_not_be_started_is_asked_again() -> None:
    campaign = begun()
    assert is_left_out(campaign, partnership())
    for record in (asked(campaign, review_events=("campaign:C-1",)), partnership(state=PartnershipState.REVOKED)):
        assert not is_left_out(campaign, record)


def test_a_campaign_is_done_when_the_last_one_is_answered() -> None:
    campaign = with_handled(begun(), 1)
    assert (campaign.version, campaign.handled) == (2, 1)
    assert with_counts(campaign, [MemberOutcome.OPEN], NOW) is campaign
    late = with_counts(campaign, [MemberOutcome.OVERDUE], NOW + DAY)
    assert (late.state, late.answered, late.counted_at) == (CampaignState.RUNNING, 0, NOW + DAY)
    done = with_counts(late, [MemberOutcome.KEPT], NOW + 2 * DAY)
    assert (done.state, done.answered, done.ended_at, done.is_open) == (CampaignState.DONE, 1, NOW + 2 * DAY, False)


def test_a_withdrawn_campaign_is_open_until_its_members_are_released() -> None:
    withdrawn = withdraw_campaign(with_handled(begun(), 1), DANA, NOW + DAY)
    assert (withdrawn.state, withdrawn.handled, withdrawn.ended_by) == (CampaignState.WITHDRAWN, 0, DANA)
    assert withdrawn.is_open
    assert not with_handled(withdrawn, 1).is_open
    for over in (withdrawn, None):
        with pytest.raises(Refused) as refused:
            withdraw_campaign(over, DANA, NOW)
        assert refused.value.code == "campaign_over"
