"""The approval card: short enough to decide in thirty seconds, and nothing that opens is missing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import ids
from bot.slack.blocks.blocks import Limit, within_limits
from bot.slack.blocks.message import message
from bot.slack.cards.approval.card import MOST_QUOTED, CardContext, approval_blocks
from bot.slack.flows.decide import decision_view
from bot.slack.people.approvers import Approvers
from tests.bot.shipped_cards import NAMES, waiting, words_of
from tests.bot.surfaces import assert_sound_message, buttons, dicts, hostile, hostile_request, shown
from tests.workflows.core.builders import (
    AMARA,
    DATA_OWNER,
    NOW,
    SECURITY,
    access_plan,
    approval,
    closed_document,
    particulars,
    prepared,
    request,
)
from tests.workflows.core.strategies import PROPERTY
from workflows.catalog.catalog import SHIPPED, load_catalog
from workflows.core.plans.renewal import plan_renewal
from workflows.core.requests.request import AccessRequest, RequestKind, RequestState

TEMPLATES = load_catalog(SHIPPED).templates
MOST_WORDS, MOST_BLOCKS = 120, 6


def card(asked: AccessRequest, **changes: Any) -> list[dict[str, Any]]:
    usual: dict[str, Any] = {"holders": NAMES, "context": CardContext(is_first=True, others_open=3), "now": NOW}
    return within_limits(approval_blocks(asked, **{**usual, **changes}), "message")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_shipped_templates_card_has_at_most_120_words_and_its_buttons_last(template: str) -> None:
    blocks = card(waiting(TEMPLATES[template]))
    assert words_of(blocks) <= MOST_WORDS
    assert len(blocks) <= MOST_BLOCKS
    assert list(buttons(blocks[-1])) == [ids.APPROVE, ids.REJECT, ids.REVIEW_REQUEST]


def test_it_says_who_until_when_how_risky_and_its_short_id() -> None:
    text = shown(card(waiting(TEMPLATES["trusted-partner"])))
    for part in ("contoso.com: Trusted partner · High risk", "Riley Park", "Sam Whitfield", "180 days", "r-1"):
        assert part in text


@pytest.mark.parametrize(("template", "asks"), [("merger", True), ("guest-collaboration", False)])
def test_only_high_risk_asks_once_more_with_the_change_in_one_sentence(template: str, asks: bool) -> None:
    approve = next(one for one in dicts(card(waiting(TEMPLATES[template]))) if one.get("action_id") == ids.APPROVE)
    assert ("confirm" in approve) is asks
    if asks:
        assert "contoso.com: Accept their MFA" in approve["confirm"]["text"]["text"]


def test_of_a_long_justification_25_words_are_shown_and_the_rest_is_counted() -> None:
    asked = waiting(TEMPLATES["trusted-partner"])
    long = replace(asked, particulars=replace(asked.particulars, justification="word " * 31))
    assert f"{'word ' * MOST_QUOTED}… (6 more words in Details)" in shown(card(long))


def test_a_stage_shows_who_approved_and_who_still_can() -> None:
    holders = {SECURITY: Approvers(names=("Amara",)), DATA_OWNER: Approvers(names=("B", "C", "D", "E"), others=2)}
    text = shown(card(request(decisions=(approval(AMARA, 0),)), holders=holders))
    assert "✅ Security 1/1: approved by Amara" in text
    assert "⏳ Data owners 0/2 (B, C, D and 3 others)" in text


def test_without_the_right_to_decide_only_details_are_offered() -> None:
    assert list(buttons(card(request(), with_buttons=False))) == [ids.REVIEW_REQUEST]
    late = request(expires_at=NOW - timedelta(minutes=1))
    assert list(buttons(card(late))) == [ids.REVIEW_REQUEST]


def test_an_extension_shows_all_access_that_it_extends() -> None:
    known = prepared()
    image = known.plan.image_after()
    plan = plan_renewal(
        tenant_id=known.plan.tenant_id,
        before=image,
        template="trusted-partner",
        template_hash="hash",
        duration=timedelta(days=90),
    )
    text = shown(card(request(prepared=replace(known, plan=plan))))
    assert "extend Trusted partner" in text
    assert "Access to extend" in text
    assert "➕ Accept their MFA" in text


@PROPERTY
@given(text=hostile, kind=st.sampled_from([RequestKind.ACCESS, RequestKind.RESTORATION]))
def test_text_from_outside_is_never_markup_and_the_partner_comes_first(text: str, kind: RequestKind) -> None:
    asked = hostile_request(RequestState.AWAITING_APPROVAL, kind, text)
    blocks = approval_blocks(asked, holders={}, context=CardContext(is_first=False), now=NOW)
    assert_sound_message(message("contoso.com", blocks))
    assert shown(within_limits(blocks, "message")[0]).startswith("contoso.com")


def test_a_request_without_a_reason_has_no_quotation() -> None:
    blank = request(particulars=replace(particulars(), justification=" "))
    assert not [one for one in dicts(card(blank)) if one.get("type") == "rich_text_quote"]


@pytest.mark.parametrize(("template", "asks"), [("merger", True), ("guest-collaboration", False)])
def test_details_ask_once_more_for_high_risk_too(template: str, asks: bool) -> None:
    view = decision_view(waiting(TEMPLATES[template]), history=(), now=NOW)
    approve = next(one for one in dicts(view) if one.get("action_id") == ids.APPROVE)
    assert ("confirm" in approve) is asks


def test_the_confirmation_names_every_opening_of_a_shipped_template_or_counts_the_rest() -> None:
    for template in TEMPLATES.values():
        approve = next(one for one in dicts(card(waiting(template))) if one.get("action_id") == ids.APPROVE)
        text = approve.get("confirm", {"text": {"text": ""}})["text"]["text"]
        assert len(text) <= Limit.CONFIRM_TEXT
        assert "…" not in text


@pytest.mark.parametrize("is_first", [True, False])
def test_a_blocked_partner_is_not_said_to_have_access(is_first: bool) -> None:
    known = prepared()
    asked = request(prepared=replace(known, plan=access_plan(closed_document())))
    text = shown(card(asked, context=CardContext(is_first=is_first)))
    assert "has access" not in text
    assert ("Not yet managed by Gatehouse" if is_first else "This partner has settings already") in text
