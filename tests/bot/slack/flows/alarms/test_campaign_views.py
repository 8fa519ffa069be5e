"""The windows of a campaign, and its row on the App Home: counted, named, and sound whatever the names are."""

from dataclasses import replace

from hypothesis import given, settings

from bot.slack.blocks.conversion import as_json
from bot.slack.flows.alarms.campaign_views import MAX_CAMPAIGNS, MAX_MEMBERS, campaign_rows, choose_view, preview_view
from bot.words.reviews.campaigns import campaign_title, progress_words, skip_counts_words
from tests.bot.surfaces import assert_sound, hostile_or_blank, shown
from tests.warm.ready_made import shipped_catalog
from tests.workflows.core.builders import DANA, NOW, TENANT
from workflows.core.partners.reviewing.campaigns import (
    Campaign,
    Candidate,
    MemberOutcome,
    Selection,
    SkipReason,
    begin_campaign,
    withdraw_campaign,
)
from workflows.core.requests.commands.campaign import CampaignId, CampaignScope
from workflows.core.settings.model import TenantId

T = CampaignScope.TEMPLATE


def selection(members: int = 1, skipped: int = 0, name: str = "contoso.com") -> Selection:
    return Selection.of(
        "Trusted partner",
        [
            *(Candidate(tenant_id=TenantId(f"{TENANT}{number}"), name=name) for number in range(members)),
            *(
                Candidate(tenant_id=TenantId(f"s{number}"), name="adatum.com", skip=SkipReason.UNDER_REVIEW)
                for number in range(skipped)
            ),
        ],
    )


def campaign(of: Selection | None = None, reason: str = "Yearly check") -> Campaign:
    chosen = selection() if of is None else of
    return begin_campaign(CampaignId("C-AAAAAAAAAA"), T, "trusted-partner", chosen, reason=reason, by=DANA, now=NOW)


def rows_of(*campaigns: Campaign) -> dict[str, object]:
    return {"type": "home", "blocks": [as_json(block) for block in campaign_rows(campaigns)]}


def test_the_first_window_offers_every_template_and_level() -> None:
    view = choose_view(list(shipped_catalog().templates.values()))
    assert_sound(view)
    assert "Trusted partner" in str(view)
    assert "'high'" in str(view)


def test_a_thousand_partners_are_counted_and_the_first_are_named() -> None:
    view = preview_view(T, "trusted-partner", selection(1000, 300))
    assert_sound(view)
    said = shown(view["blocks"])
    assert "1,000 partners reviewed now" in said
    assert f"and {1000 - MAX_MEMBERS} more" in said
    assert "300 partners are left out:" in said
    assert "adatum.com: under review already" in said
    assert view["private_metadata"] == "template:trusted-partner"


def test_an_app_home_shows_progress_who_why_and_withdraw() -> None:
    one = replace(campaign(), counts={MemberOutcome.KEPT: 1, MemberOutcome.OVERDUE: 2}, skipped={SkipReason.BLOCKED: 3})
    said = str(rows_of(one))
    assert "1 of 1 partner answered (1 kept). 2 overdue" in said
    assert "Left out: 3 blocked" in said
    assert "Yearly check" in said
    assert "withdraw_campaign" in said
    assert "withdraw_campaign" not in str(rows_of(withdraw_campaign(one, DANA, NOW)))
    assert "and 2 more campaigns" in str(rows_of(*[one] * (MAX_CAMPAIGNS + 2)))
    assert rows_of()["blocks"] == []


def test_each_choice_has_a_title() -> None:
    assert campaign_title(T, "Trusted partner") == "partners of the template “Trusted partner”"
    assert campaign_title(CampaignScope.SPONSOR, "Sam") == "partners of the sponsor Sam"
    assert campaign_title(CampaignScope.RISK, "high") == "partners with high risk"
    assert campaign_title(CampaignScope.PARTNER, "contoso.com") == "the partner contoso.com"
    assert progress_words(replace(campaign(), counts={})) == "0 of 1 partner answered"
    assert skip_counts_words({SkipReason.ENDED: 1, SkipReason.ENDS_SOON: 2}) == (
        "1 access period over, 2 blocked automatically within 7 days"
    )


@settings(deadline=None, max_examples=60)
@given(hostile_or_blank)
def test_hostile_names_and_reasons_stay_text(text: str) -> None:
    assert_sound(preview_view(T, "trusted-partner", replace_label(selection(2, 1, text), text)))
    home = rows_of(campaign(replace_label(selection(), text), reason=f"x{text}"))
    assert_sound({**home, "callback_id": "home"}, "home")


def replace_label(of: Selection, label: str) -> Selection:
    return replace(of, label=label)
